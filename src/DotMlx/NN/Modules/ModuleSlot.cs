using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DotMlx.NN;

/// <summary>One place inside a module, a list or a dictionary that holds an array, a module or a container of them.</summary>
internal readonly struct ModuleSlot
{
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

    public string Key { get; }

    public object? Value { get; }

    /// <summary>The type that the slot takes, where it is known.</summary>
    public string TypeName => _member?.TypeName ?? Value?.GetType().Name ?? "nothing";

    /// <summary>Everything that a module, a list or a dictionary holds, empty places included.</summary>
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
                    yield return new(list, i.ToString(CultureInfo.InvariantCulture), list[i], null, i);
                }
                break;
        }
    }

    /// <summary>The slot under a member name, a dictionary key or a list index.</summary>
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

    /// <summary>Whether a value is a list or a dictionary that may hold parameters.</summary>
    public static bool IsContainer([NotNullWhen(true)] object? value) => value is IDictionary or IList;

    /// <summary>Whether the member's type takes the value; a read-only list cannot take any, another list says so when it is set.</summary>
    public bool Accepts(object value) =>
        _member?.Accepts(value) ?? _container is not (IList { IsReadOnly: true } or IDictionary { IsReadOnly: true });

    /// <summary>What stands there now; <see cref="Value"/> is what stood there when the slot was found.</summary>
    public object? Read() => _container switch
    {
        Module module => _member!.Get(module),
        IDictionary dictionary => dictionary[_index!],
        IList list => (int)_index! < list.Count ? list[(int)_index!] : null,
        _ => null,
    };

    /// <summary>Replaces the value.</summary>
    /// <exception cref="ArgumentException">The place cannot hold it.</exception>
    public void Set(object? value)
    {
        switch (_container)
        {
            case Module module:
                _member!.Set(module, value);
                break;
            case IDictionary dictionary:
                dictionary[_index!] = value;
                break;
            case IList list:
                list[(int)_index!] = value;
                break;
        }
    }
}
