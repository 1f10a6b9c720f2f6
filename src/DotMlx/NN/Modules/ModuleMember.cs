namespace DotMlx.NN;

/// <summary>A member of a module class that holds arrays or modules. The source generator creates these objects.</summary>
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
    /// <param name="set">Replaces the member.</param>
    /// <param name="isBuffer">Whether the member is saved but never trained.</param>
    public static ModuleMember Create<TModule, TValue>(
        string name, Func<TModule, TValue?> get, Action<TModule, TValue> set, bool isBuffer = false)
        where TModule : Module
        where TValue : class
    {
        CheckName(name);
        ArgumentNullException.ThrowIfNull(get);
        ArgumentNullException.ThrowIfNull(set);
        return new Typed<TModule, TValue>(name, get, set, isBuffer);
    }

    /// <summary>A member whose delegates belong to one module.</summary>
    internal static ModuleMember OfInstance<TValue>(string name, Func<TValue?> get, Action<TValue> set, bool isBuffer)
        where TValue : class
    {
        CheckName(name);
        ArgumentNullException.ThrowIfNull(get);
        ArgumentNullException.ThrowIfNull(set);
        return new Instance<TValue>(name, get, set, isBuffer);
    }

    /// <summary>A module or container that can't be replaced.</summary>
    internal static ModuleMember Fixed(string name, object value)
    {
        CheckName(name);
        return new FixedMember(name, value);
    }

    /// <summary>The class whose source generator lists the member; null for one that was registered by hand.</summary>
    internal virtual Type? GeneratedFor => null;

    internal abstract object? Get(Module module);

    /// <summary>Whether the member can hold the value.</summary>
    internal abstract bool Accepts(object? value);

    internal abstract string TypeName { get; }

    internal abstract void Set(Module module, object? value);

    private static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('.', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The member name '{name}' contains a dot, which separates the names of a path.", nameof(name));
        }
    }

    private sealed class Instance<TValue>(string name, Func<TValue?> get, Action<TValue> set, bool isBuffer) : ModuleMember(name, isBuffer)
        where TValue : class
    {
        internal override string TypeName => typeof(TValue).Name;

        internal override object? Get(Module module) => get();

        internal override bool Accepts(object? value) => value is null or TValue;

        internal override void Set(Module module, object? value) => set((TValue)value!);
    }

    private sealed class FixedMember(string name, object value) : ModuleMember(name, isBuffer: false)
    {
        internal override string TypeName => $"a {value.GetType().Name} registered without a setter (use Add(name, get, set))";

        internal override object? Get(Module module) => value;

        internal override bool Accepts(object? candidate) => ReferenceEquals(candidate, value);

        internal override void Set(Module module, object? candidate)
        {
            // Accepts allows only the current value.
        }
    }

    private sealed class Typed<TModule, TValue>(string name, Func<TModule, TValue?> get, Action<TModule, TValue> set, bool isBuffer)
        : ModuleMember(name, isBuffer)
        where TModule : Module
        where TValue : class
    {
        internal override Type? GeneratedFor => typeof(TModule);

        internal override string TypeName => typeof(TValue).Name;

        internal override object? Get(Module module) => get((TModule)module);

        internal override bool Accepts(object? value) => value is null or TValue;

        internal override void Set(Module module, object? value) => set((TModule)module, (TValue)value!);
    }
}
