using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>Members, items, and slices. Templates can access only the members listed here and no .NET objects.</summary>
internal static class Members
{
    private static readonly HashSet<string> ListChanges = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"];
    private static readonly HashSet<string> MappingChanges = ["clear", "pop", "popitem", "setdefault", "update"];

    /// <summary><c>target.name</c>: a method, or else an item.</summary>
    public static object? Attribute(object? target, string name)
    {
        Python.ThrowIfUndefined(target);
        return Method(target, name) ?? (TryItem(target, name, out object? value) ? value : NoAttribute(target, name));
    }

    /// <summary><c>target[key]</c>: an item, or else a method.</summary>
    public static object? Item(object? target, object? key)
    {
        Python.ThrowIfUndefined(target);
        if (TryItem(target, key, out object? value))
            return value;
        if (Python.AsText(key) is { } name)
            return Method(target, name) ?? NoAttribute(target, name);
        return new Undefined($"{Describe(target)} has no element {PythonText.Represent(key)}");
    }

    private static string Describe(object? target) => target is null ? "None" : $"{Python.TypeName(target)} object";

    private static Undefined NoAttribute(object? target, string name) => new($"'{Describe(target)}' has no attribute '{name}'");

    private static object? Method(object? target, string name)
    {
        bool changes = target switch
        {
            List<object?> => ListChanges.Contains(name),
            Mapping => MappingChanges.Contains(name),
            _ => false,
        };
        if (changes || name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
            return new Undefined($"access to attribute '{name}' of '{Python.TypeName(target)}' object is unsafe");
        return target switch
        {
            string text => TextMethods.Find(text, name),
            Markup markup => TextMethods.Find(markup.Text, name),
            Mapping mapping => MappingMethod(mapping, name),
            List<object?> list => SequenceMethod(list, name),
            Group group when group.Find(name) is { } part => part,
            Tuple tuple => SequenceMethod(tuple.Items, name),
            Loop loop => loop.Find(name),
            Macro macro => macro.Find(name),
            Cycler cycler => cycler.Find(name),
            _ => null,
        };
    }

    private static Function? MappingMethod(Mapping mapping, string name) => name switch
    {
        "keys" => new Function(name, (run, arguments) => MakeView(run, arguments, name, mapping, mapping.Keys)),
        "values" => new Function(name, (run, arguments) => MakeView(run, arguments, name, mapping, mapping.Values)),
        "items" => new Function(name, (run, arguments) =>
            MakeView(run, arguments, name, mapping, mapping.Members.Select(member => (object?)new Tuple([member.Key, member.Value])))),
        "get" => new Function(name, (_, arguments) => Get(mapping, arguments)),
        "copy" => new Function(name, (_, _) => mapping),
        _ => null,
    };

    private static View MakeView(Run run, Arguments arguments, string name, Mapping mapping, IEnumerable<object?> items)
    {
        run.StepThrough(mapping);
        arguments.Bind(name);
        return new View("dict_" + name, "", [.. items]);
    }

    private static object? Get(Mapping mapping, Arguments arguments)
    {
        if (arguments.Positional.Count is 0 or > 2 || arguments.Named.Count > 0)
            throw new TemplateFault("get() takes a key and a default");
        return mapping.TryGet(arguments.Positional[0], out object? value) ? value : arguments.Positional.ElementAtOrDefault(1);
    }

    private static Function? SequenceMethod(IReadOnlyList<object?> items, string name) => name switch
    {
        "count" => new Function(name, (_, arguments) => (long)items.Count(item => Python.AreEqual(item, arguments.Bind(name, "value")[0]))),
        "index" => new Function(name, (_, arguments) => IndexOf(items, arguments)),
        "copy" when items is List<object?> => new Function(name, (_, _) => items),
        _ => null,
    };

    private static long IndexOf(IReadOnlyList<object?> items, Arguments arguments)
    {
        object? value = arguments.Bind("index", "value")[0];
        for (int i = 0; i < items.Count; i++)
        {
            if (Python.AreEqual(items[i], value))
                return i;
        }
        throw new TemplateFault($"{PythonText.Represent(value)} is not in list");
    }

    private static bool TryItem(object? target, object? key, out object? value)
    {
        value = null;
        switch (target)
        {
            case Mapping mapping:
                return key is not (List<object?> or Mapping) && mapping.TryGet(key, out value);
            case Namespace names:
                return key is string name && names.Members.TryGetValue(name, out value);
            case View { HasPlaces: false } or Generator:
                return false;
            case string or Markup or List<object?> or Tuple or View when Python.AsInteger(key) is { } index:
                return TryElement(target, index, out value);
            default:
                return false;
        }
    }

    private static bool TryElement(object target, System.Numerics.BigInteger index, out object? value)
    {
        value = null;
        string? text = Python.AsText(target);
        if (text is not null && PythonText.IsOfUnits(text))
        {
            if (index < 0)
                index += text.Length;
            bool inside = index >= 0 && index < text.Length;
            value = inside ? text[(int)index].ToString() : null;
            return inside;
        }
        IReadOnlyList<object?> items = Python.Iterate(target);
        if (index < 0)
            index += items.Count;
        if (index < 0 || index >= items.Count)
            return false;
        value = items[(int)index];
        return true;
    }

    /// <summary><c>target[start:stop:step]</c>.</summary>
    public static object? Slice(Run run, object? target, object? start, object? stop, object? step)
    {
        Python.ThrowIfUndefined(target, start, stop, step);
        int stride = step is null ? 1 : Python.Index(step);
        if (stride == 0)
            throw new TemplateFault("slice step cannot be zero");
        if (target is not (string or Markup or List<object?> or Tuple or View { HasPlaces: true }))
            throw new TemplateFault($"'{Python.TypeName(target)}' object is not subscriptable");
        if (Python.AsText(target) is { } text && stride == 1 && PythonText.IsOfUnits(text))
        {
            (int from, int to) = Bounds(start, stop, 1, text.Length);
            return run.Made(from < to ? text[from..to] : "");
        }
        IReadOnlyList<object?> items = Python.Iterate(target);
        (int first, int end) = Bounds(start, stop, stride, items.Count);
        var part = new List<object?>();
        for (long i = first; stride > 0 ? i < end : i > end; i += stride)
            part.Add(items[(int)i]);
        run.Made(part);
        return target switch
        {
            string or Markup => run.Made(string.Concat(part.Cast<string>())),
            Tuple => new Tuple(part),
            _ => part,
        };
    }

    private static (int First, int End) Bounds(object? start, object? stop, int stride, int count)
    {
        int lowest = stride > 0 ? 0 : -1, highest = stride > 0 ? count : count - 1;
        return (Bound(start, stride > 0 ? lowest : highest), Bound(stop, stride > 0 ? highest : lowest));

        int Bound(object? bound, int standard)
        {
            if (bound is null)
                return standard;
            long index = Python.Index(bound, "a slice index");
            return (int)Math.Clamp(index < 0 ? index + count : index, lowest, highest);
        }
    }
}
