using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace DotMlx.NN;

/// <summary>A location inside a module, a list, or a dictionary that holds an array, a module, or a container of them.</summary>
internal readonly struct ModuleSlot
{
    /// <summary>Represents an entry that a list or a dictionary doesn't have.</summary>
    public static readonly object Gone = new();

    [ThreadStatic]
    private static bool _isSetting;

    private readonly object _container;
    private readonly ModuleMember? _member;
    private readonly object? _index;

    private ModuleSlot(object container, string key, object? value, ModuleMember? member, object? index)
    {
        _container = container;
        Key = key;
        Value = value;
        _member = member;
        _index = index;
    }

    /// <summary>Whether this thread is setting a member that was already checked.</summary>
    public static bool IsSetting
    {
        get => _isSetting;
        private set => _isSetting = value;
    }

    /// <summary>Sets members regardless of the shape of their current values.</summary>
    public static void Unchecked(Action set)
    {
        bool outer = IsSetting;
        IsSetting = true;
        try
        {
            set();
        }
        finally
        {
            IsSetting = outer;
        }
    }

    public string Key { get; }

    public object? Value { get; }

    /// <summary>The module, list, or dictionary that contains this location.</summary>
    public object Container => _container;

    /// <summary>The type that the slot accepts, if known.</summary>
    public string TypeName => _member?.TypeName ?? Value?.GetType().Name ?? "nothing";

    /// <summary>All locations in a module, a list, or a dictionary, including empty ones.</summary>
    public static IEnumerable<ModuleSlot> In(object container)
    {
        switch (container)
        {
            case Module module:
                foreach (ModuleMember member in module.Members)
                {
                    yield return new(module, member.Name, member.Get(module), member, null);
                }
                break;
            case IDictionary dictionary:
                foreach (DictionaryEntry entry in dictionary)
                {
                    yield return new(dictionary, (string)entry.Key, entry.Value, null, entry.Key);
                }
                break;
            case IList list:
                for (int i = 0; i < list.Count; i++)
                {
                    yield return new(list, TreePaths.Index(i), list[i], null, i);
                }
                break;
        }
    }

    /// <summary>
    /// The location under a name that a dictionary doesn't have yet, or at the end of a list; null if nothing can be added.
    /// </summary>
    public static ModuleSlot? Beyond(object container, string name) => container switch
    {
        IDictionary { IsFixedSize: false, IsReadOnly: false } dictionary => new ModuleSlot(dictionary, name, Gone, null, name),
        IList { IsFixedSize: false, IsReadOnly: false } list when TreePaths.TryIndex(name, out int index) && index == list.Count =>
            new ModuleSlot(list, name, Gone, null, index),
        _ => null,
    };

    /// <summary>The location under a member name, a dictionary key, or a list index.</summary>
    public static bool TryFind(object container, string key, out ModuleSlot slot)
    {
        foreach (ModuleSlot candidate in In(container))
        {
            if (candidate.Key == key)
            {
                slot = candidate;
                return true;
            }
        }
        slot = default;
        return false;
    }

    /// <summary>The location at a dotted path; a key of a dictionary may itself contain dots.</summary>
    public static bool TryFollow(object container, string path, out ModuleSlot slot)
    {
        using Nesting level = Nesting.Enter();
        foreach ((string name, string? rest) in TreePaths.Heads(path))
        {
            if (TryFind(container, name, out slot) && (rest is null || (slot.Value is { } value && TryFollow(value, rest, out slot))))
            {
                return true;
            }
        }
        slot = default;
        return false;
    }

    /// <summary>An empty tree for the contents of a module, a list, or a dictionary.</summary>
    public static Tree NewTree(object container) => container is IList and not IDictionary ? new TreeList() : new TreeDictionary();

    /// <summary>Adds the result for this location to the tree of its container.</summary>
    public void AddTo(Tree tree, Tree child)
    {
        if (tree is TreeList list)
        {
            list.Add(child);
        }
        else
        {
            ((TreeDictionary)tree).Add(Key, child);
        }
    }

    /// <summary>Whether the location holds an array, a module, or a container.</summary>
    public bool HoldsState => Value is MlxArray or Module || IsContainer(Value);

    /// <summary>Whether a value is a list or a dictionary that may contain parameters.</summary>
    public static bool IsContainer([NotNullWhen(true)] object? value) => value is IDictionary or IList;

    /// <summary>
    /// Whether the member's type accepts the value. A read-only list accepts no value; another list reports a wrong type when the value is
    /// set.
    /// </summary>
    public bool Accepts(object value) =>
        _member?.Accepts(value) ?? _container is not (IList { IsReadOnly: true } or IDictionary { IsReadOnly: true });

    /// <summary>The current value; <see cref="Value"/> is the value at the time when the slot was found.</summary>
    public object? Read() => _container switch
    {
        Module module => _member!.Get(module),
        IDictionary dictionary => dictionary.Contains(_index!) ? dictionary[_index!] : null,
        IList list => (int)_index! < list.Count ? list[(int)_index!] : null,
        _ => null,
    };

    /// <summary>Replaces the value; <see cref="Gone"/> removes an entry from a list or dictionary.</summary>
    /// <returns>The value.</returns>
    /// <exception cref="ArgumentException">The location can't hold the value.</exception>
    public object? Set(object? value)
    {
        switch (_container)
        {
            case Module module:
                ModuleMember member = _member!;
                Unchecked(() => member.Set(module, value));
                break;
            case IDictionary dictionary when value == Gone:
                dictionary.Remove(_index!);
                break;
            case IDictionary dictionary:
                dictionary[_index!] = value;
                break;
            case IList list when value == Gone:
                list.RemoveAt((int)_index!);
                break;
            case IList list when (int)_index! == list.Count:
                list.Add(value);
                break;
            case IList list:
                list[(int)_index!] = value;
                break;
        }
        return value;
    }
}
