namespace DotMlx.NN;

/// <summary>One member of a module class that holds arrays or modules. The source generator makes these.</summary>
public abstract class ModuleMember
{
    private protected ModuleMember(string name, bool isBuffer)
    {
        Name = name;
        IsBuffer = isBuffer;
    }

    /// <summary>The name in trees and checkpoints.</summary>
    public string Name { get; }

    /// <summary>Whether the member is saved but never trained.</summary>
    public bool IsBuffer { get; }

    /// <summary>Describes a member of <typeparamref name="TModule"/>.</summary>
    /// <param name="name">The name in trees and checkpoints, without dots.</param>
    /// <param name="get">Reads the member.</param>
    /// <param name="set">Replaces it.</param>
    /// <param name="isBuffer">Whether it is saved but never trained.</param>
    public static ModuleMember Create<TModule, TValue>(
        string name, Func<TModule, TValue?> get, Action<TModule, TValue> set, bool isBuffer = false)
        where TModule : Module
        where TValue : class
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('.', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The name '{name}' of a member holds a dot, which separates the names of a path.", nameof(name));
        }

        ArgumentNullException.ThrowIfNull(get);
        ArgumentNullException.ThrowIfNull(set);
        return new Typed<TModule, TValue>(name, get, set, isBuffer);
    }

    internal abstract object? Get(Module module);

    /// <summary>Whether the member can hold the value.</summary>
    internal abstract bool Accepts(object? value);

    internal abstract string TypeName { get; }

    internal abstract void Set(Module module, object? value);

    private sealed class Typed<TModule, TValue>(string name, Func<TModule, TValue?> get, Action<TModule, TValue> set, bool isBuffer)
        : ModuleMember(name, isBuffer)
        where TModule : Module
        where TValue : class
    {
        internal override string TypeName => typeof(TValue).Name;

        internal override object? Get(Module module) => get((TModule)module);

        internal override bool Accepts(object? value) => value is null or TValue;

        internal override void Set(Module module, object? value) => set((TModule)module, (TValue)value!);
    }
}
