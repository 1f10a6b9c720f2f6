namespace DotMlx.NN;

/// <summary>The members of one module, base classes first, in the order of declaration.</summary>
public sealed class ModuleMembers
{
    private readonly List<ModuleMember> _members = [];
    private readonly List<object> _excluded = [];

    internal ModuleMembers()
    {
    }

    /// <summary>Values that were excluded, in no order.</summary>
    internal IReadOnlyList<object> Excluded => _excluded;

    /// <summary>Appends members; one whose name is there already takes the earlier one's place.</summary>
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

    /// <summary>Registers one member of this module, for languages without the source generator.</summary>
    /// <typeparam name="TValue">An array, a module, or a list or dictionary of them.</typeparam>
    /// <param name="name">The name in trees and checkpoints, without dots.</param>
    /// <param name="get">Reads the member.</param>
    /// <param name="set">Replaces it: updates, loading of weights and quantization call this.</param>
    /// <param name="isBuffer">Whether it is saved but never trained.</param>
    /// <exception cref="ArgumentException">The name is empty or holds a dot.</exception>
    public void Add<TValue>(string name, Func<TValue?> get, Action<TValue> set, bool isBuffer = false)
        where TValue : class => Add(ModuleMember.OfInstance(name, get, set, isBuffer));

    /// <summary>
    /// Registers a module, or a list or dictionary, that always stays in its place. Its parameters are trained, saved and loaded. It cannot
    /// be exchanged for another object, as quantization does with a layer; what is in a list or a dictionary can.
    /// </summary>
    /// <typeparam name="TValue">A module, or a list or dictionary of arrays or modules.</typeparam>
    /// <param name="name">The name in trees and checkpoints, without dots.</param>
    /// <param name="value">The module or container.</param>
    /// <exception cref="ArgumentException">The value is an array, which every update replaces, or nothing that holds parameters.</exception>
    public void Add<TValue>(string name, TValue value)
        where TValue : class
    {
        ArgumentNullException.ThrowIfNull(value);
        Add(value is Module || ModuleSlot.IsContainer(value)
            ? ModuleMember.Fixed(name, value)
            : throw new ArgumentException(
                value is MlxArray
                    ? $"The array '{name}' is registered without a setter, but every update replaces it: use Add(name, get, set)."
                    : $"'{name}' is a {value.GetType().Name}; only arrays, modules, and lists (such as ResizeArray or an array) and dictionaries of "
                        + "them whose elements can be replaced hold parameters.",
                nameof(value)));
    }

    /// <summary>Says that an array, a module or a container that this module holds is not a parameter.</summary>
    /// <param name="value">The value, as the module holds it.</param>
    public void Exclude(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _excluded.Add(value);
    }

    /// <summary>Takes an inherited member off the list; a name that is not there is ignored.</summary>
    /// <param name="name">The name in trees and checkpoints.</param>
    public void Remove(string name) => _members.RemoveAll(m => m.Name == name);

    internal ModuleMember[] ToArray() => [.. _members];
}
