namespace DotMlx.LanguageModels.ChatTemplates.Values;

/// <summary>The value of an undefined name: empty if printed or iterated, false as a condition, and an error in other uses.</summary>
internal sealed class Undefined(string hint)
{
    public string Hint { get; } = hint;

    public TemplateFault Fault() => new(Hint);

    public static Undefined Name(string name) => new($"'{name}' is undefined");
}

/// <summary>The result of <c>safe</c> or <c>escape</c>. Text that is appended to it is escaped for HTML.</summary>
internal sealed record Markup(string Text)
{
    public override string ToString() => Text;

    public static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}

/// <summary>An immutable list.</summary>
internal class Tuple(IReadOnlyList<object?> items)
{
    public IReadOnlyList<object?> Items { get; } = items;
}

/// <summary>A group of <c>groupby</c>: its key and its items, by position and by name.</summary>
internal sealed class Group(object? key, List<object?> items) : Tuple([key, items])
{
    public object? Find(string name) => name switch
    {
        "grouper" => Items[0] ?? new Undefined("'_GroupTuple object' has no attribute 'grouper'"),
        "list" => Items[1],
        _ => null,
    };
}

/// <summary>The result of <c>range()</c>, <c>dict.items()</c>, and related methods: a list with a different text form.</summary>
internal sealed class View(string name, string arguments, IReadOnlyList<object?> items)
{
    public string Type => name;

    public IReadOnlyList<object?> Items => items;

    public bool HasPlaces => name == "range";

    public string Represent() => $"{name}({(HasPlaces ? arguments : PythonText.Represent(new List<object?>(items)))})";
}

/// <summary>
/// The result of <c>map</c>, <c>select</c>, and other filters: items that can be read once. It has no length and is always true.
/// </summary>
internal sealed class Generator(IReadOnlyList<object?> items)
{
    private int _position;

    public IReadOnlyList<object?> TakeAll()
    {
        IReadOnlyList<object?> rest = _position == 0 ? items : [.. items.Skip(_position)];
        _position = items.Count;
        return rest;
    }

    public bool TryTake(out object? item)
    {
        bool has = _position < items.Count;
        item = has ? items[_position++] : null;
        return has;
    }
}

/// <summary>A dictionary in the order of insertion, whose keys are compared as in Python: 1, 1.0, and true are equal.</summary>
internal sealed class Mapping
{
    private readonly OrderedDictionary<object, object?> _members = new(new KeyComparer());

    public int Count => _members.Count;

    public IEnumerable<object?> Keys => _members.Keys.Select(Unwrap);

    public IEnumerable<object?> Values => _members.Values;

    public IEnumerable<(object? Key, object? Value)> Members => _members.Select(member => (Unwrap(member.Key), member.Value));

    public void Set(object? key, object? value) => _members[Wrap(key)] = value;

    public bool TryGet(object? key, out object? value) => _members.TryGetValue(Wrap(key), out value);

    private static object Wrap(object? key) => key switch
    {
        null => DBNull.Value,
        Markup markup => markup.Text,
        List<object?> or Mapping => throw new TemplateFault($"unhashable type: '{Python.TypeName(key)}'"),
        _ => key,
    };

    private static object? Unwrap(object key) => key is DBNull ? null : key;

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public new bool Equals(object? left, object? right) => ReferenceEquals(left, right) || Python.AreEqual(left, right);

        public int GetHashCode(object value) => value switch
        {
            bool flag => flag ? 1 : 0,
            long number => number.GetHashCode(),
            double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => ((long)number).GetHashCode(),
            string text => text.GetHashCode(StringComparison.Ordinal),
            Tuple tuple => tuple.Items.Count,
            _ => value.GetHashCode(),
        };
    }
}

/// <summary>The result of <c>namespace(…)</c>: members that a template may set.</summary>
internal sealed class Namespace
{
    public Dictionary<string, object?> Members { get; } = new(StringComparer.Ordinal);
}

/// <summary>The arguments of a call.</summary>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    public static Arguments None { get; } = new([], new Dictionary<string, object?>());

    public static Arguments Of(params object?[] positional) => new(positional, None.Named);

    /// <summary>Arranges the arguments by parameter names. <see cref="Missing"/> stands for an omitted argument.</summary>
    public object?[] Bind(string function, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new TemplateFault($"{function}() takes at most {parameters.Length} arguments ({Positional.Count} given)");
        var bound = new object?[parameters.Length];
        Array.Fill(bound, Missing);
        for (int i = 0; i < Positional.Count; i++)
            bound[i] = Positional[i];
        foreach ((string name, object? value) in Named)
        {
            int at = parameters.IndexOf(name);
            if (at < 0)
                throw new TemplateFault($"{function}() got an unexpected keyword argument '{name}'");
            if (at < Positional.Count)
                throw new TemplateFault($"{function}() got multiple values for argument '{name}'");
            bound[at] = value;
        }
        return bound;
    }

    /// <summary>The placeholder of <see cref="Bind"/> for a missing argument.</summary>
    public static object Missing { get; } = new();
}

/// <summary>A function that a template can call.</summary>
internal sealed record Function(string Name, Func<Run, Arguments, object?> Call);
