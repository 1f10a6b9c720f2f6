using System.Numerics;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    public static IReadOnlyDictionary<string, object?> All { get; } = new Function[]
    {
        new("range", Range),
        new("dict", (_, arguments) => MakeMapping(arguments)),
        new("namespace", (_, arguments) => MakeNamespace(arguments)),
        new("cycler", (_, arguments) => new Cycler(arguments.Positional)),
        new("joiner", (_, arguments) => MakeJoiner(arguments)),
        new("raise_exception", (_, arguments) =>
            throw new TemplateFault(PythonText.Write(arguments.Bind("raise_exception", "message")[0]), isRefusal: true)),
        new("strftime_now", (run, arguments) =>
            Formatting.Time(run.Time.GetLocalNow().DateTime, PythonText.Write(arguments.Bind("strftime_now", "format")[0]))),
    }.ToDictionary(function => function.Name, function => (object?)function, StringComparer.Ordinal);

    private static View Range(Run run, Arguments arguments)
    {
        if (arguments.Positional.Count is 0 or > 3 || arguments.Named.Count > 0)
            throw new TemplateFault("range() takes one to three integers");
        BigInteger[] bounds = [.. arguments.Positional.Select(bound => Python.AsInteger(bound)
            ?? throw new TemplateFault($"range() takes integers, not '{Python.TypeName(bound)}'"))];
        (BigInteger start, BigInteger stop, BigInteger step) = bounds.Length switch
        {
            1 => (BigInteger.Zero, bounds[0], BigInteger.One),
            2 => (bounds[0], bounds[1], BigInteger.One),
            _ => (bounds[0], bounds[1], bounds[2]),
        };
        if (step.IsZero)
            throw new TemplateFault("range() arg 3 must not be zero");
        // The limit of Jinja's sandbox.
        const int Longest = 100_000;
        if (BigInteger.Abs(stop - start) / BigInteger.Abs(step) > Longest && (stop > start) == (step > 0))
            throw new TemplateFault($"range() of more than {Longest} integers");
        var list = new List<object?>();
        for (BigInteger i = start; step > 0 ? i < stop : i > stop; i += step)
            list.Add(Python.Integer(i));
        string shown = string.Join(", ", new[] { start, stop }.Concat(step.IsOne ? [] : [step]));
        return new View("range", shown, run.Made(list));
    }

    private static Mapping MakeMapping(Arguments arguments)
    {
        var mapping = new Mapping();
        if (arguments.Positional.Count > 1)
            throw new TemplateFault("dict() takes at most one list of pairs");
        foreach (object? from in arguments.Positional)
            Fill(mapping, from);
        foreach ((string name, object? value) in arguments.Named)
            mapping.Set(name, value);
        return mapping;
    }

    private static void Fill(Mapping mapping, object? from)
    {
        if (from is Mapping other)
        {
            foreach ((object? key, object? value) in other.Members)
                mapping.Set(key, value);
            return;
        }
        foreach (object? item in Python.Iterate(from))
        {
            IReadOnlyList<object?> pair = Python.Iterate(item);
            if (pair.Count != 2)
                throw new TemplateFault("dict() takes pairs");
            mapping.Set(pair[0], pair[1]);
        }
    }

    private static Namespace MakeNamespace(Arguments arguments)
    {
        var names = new Namespace();
        foreach ((object? name, object? value) in MakeMapping(arguments).Members)
            names.Members[PythonText.Write(name)] = value;
        return names;
    }

    private static Function MakeJoiner(Arguments arguments)
    {
        object?[] bound = arguments.Bind("joiner", "sep");
        string separator = ReferenceEquals(bound[0], Arguments.Missing) ? ", " : PythonText.Write(bound[0]);
        bool used = false;
        return new Function("joiner", (_, _) =>
        {
            string text = used ? separator : "";
            used = true;
            return text;
        });
    }
}

/// <summary>The result of <c>cycler(…)</c>.</summary>
internal sealed class Cycler(IReadOnlyList<object?> items)
{
    private int _position;

    public object? Find(string name) => name switch
    {
        "current" => Current(),
        "next" => new Function(name, (_, _) => Next()),
        "reset" => new Function(name, (_, _) => Reset()),
        _ => null,
    };

    private object? Current() => items.Count > 0 ? items[_position] : throw new TemplateFault("at least one item has to be provided");

    private object? Next()
    {
        object? current = Current();
        _position = (_position + 1) % items.Count;
        return current;
    }

    private object? Reset()
    {
        _position = 0;
        return null;
    }
}
