namespace DotMlx.NN;

/// <summary>The members of a module in declaration order, with the members of base classes first.</summary>
public sealed class ModuleMembers
{
    private readonly List<ModuleMember> _members = [];
    private readonly List<object> _excluded = [];

    internal ModuleMembers()
    {
    }

    /// <summary>The excluded values, in no particular order.</summary>
    internal IReadOnlyList<object> Excluded => _excluded;

    /// <summary>Appends members. A member replaces an earlier one with the same name, in place.</summary>
    /// <param name="members">The members.</param>
    public void Add(params ReadOnlySpan<ModuleMember> members)
    {
        foreach (ModuleMember member in members)
        {
            int index = _members.FindIndex(m => m.Name == member.Name);
            if (index < 0)
            {
                _members.Add(member);
            }
            else
            {
                _members[index] = member;
            }
        }
    }

    /// <summary>Registers a member of this module. Use this method in languages without the source generator, such as F#.</summary>
    /// <typeparam name="TValue">An array, a module, or a list or dictionary of arrays or modules.</typeparam>
    /// <param name="name">The name in parameter trees and checkpoints, without dots.</param>
    /// <param name="get">Reads the member.</param>
    /// <param name="set">Replaces the member. Updates, weight loading, and quantization call it.</param>
    /// <param name="isBuffer">Whether the member is saved but never trained.</param>
    /// <exception cref="ArgumentException">The name is empty or contains a dot.</exception>
    public void Add<TValue>(string name, Func<TValue?> get, Action<TValue> set, bool isBuffer = false)
        where TValue : class => Add(ModuleMember.OfInstance(name, get, set, isBuffer));

    /// <summary>
    /// Registers a module, list, or dictionary that is never replaced. Its parameters are trained, saved, and loaded. Quantization can't
    /// replace the object itself. The elements of a list or dictionary can be replaced.
    /// </summary>
    /// <typeparam name="TValue">A module, or a list or dictionary of arrays or modules.</typeparam>
    /// <param name="name">The name in parameter trees and checkpoints, without dots.</param>
    /// <param name="value">The module, list, or dictionary.</param>
    /// <exception cref="ArgumentException">
    /// The value is an array, which every update replaces, or an object that can't hold parameters; or the name is empty or contains a
    /// dot.
    /// </exception>
    public void Add<TValue>(string name, TValue value)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(value);
        Add(value is Module || ModuleSlot.IsContainer(value)
            ? ModuleMember.Fixed(name, value)
            : throw new ArgumentException(
                value is MlxArray
                    ? $"The array '{name}' is registered without a setter, but every update replaces it: use Add(name, get, set)."
                    : $"'{name}' is a {value.GetType().Name}; only arrays, modules, and lists (such as "
                    + $"ResizeArray or an array) and dictionaries of "
                        + "them whose elements can be replaced hold parameters.",
                nameof(value)));
    }

    /// <summary>Excludes an array, module, list, or dictionary of this module from its parameters.</summary>
    /// <param name="value">The value, as the module holds it.</param>
    public void Exclude(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _excluded.Add(value);
    }

    /// <summary>Removes an inherited member. Unknown names are ignored.</summary>
    /// <param name="name">The name in parameter trees and checkpoints.</param>
    public void Remove(string name) => _members.RemoveAll(m => m.Name == name);

    internal ModuleMember[] ToArray() => [.. _members];
}
