using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates.Functions;

/// <summary>The list filters.</summary>
internal static class Sequences
{
    /// <summary>Follows a path of attributes and indices, such as <c>function.name</c> or <c>0</c>.</summary>
    public static object? Follow(object? item, object? path, object? standard = null)
    {
        if (path is null || ReferenceEquals(path, Arguments.Missing))
            return item;
        if (Python.AsText(path) is not { } text)
            return Part(item, path, standard);
        foreach (string part in text.Split('.'))
            item = Part(item, long.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out long index) ? index : part,
                standard);
        return item;
    }

    private static object? Part(object? item, object? key, object? standard) =>
        Members.Item(item, key) is var value && value is Undefined && standard is not null ? standard : value;

    /// <summary>
    /// The comparison key of a value. Text is compared without regard to case, unless <paramref name="caseSensitive"/> is true.
    /// </summary>
    private static object? Key(object? value, bool caseSensitive) =>
        !caseSensitive && Python.AsText(value) is { } text ? PythonText.Lower(text) : value;

    /// <summary>Sorts by a key. The sort is stable.</summary>
    public static List<object?> Ordered(IReadOnlyList<object?> items, Func<object?, object?> key, bool reverse)
    {
        (object? Key, object? Item)[] keyed = [.. items.Select(item => (key(item), item))];
        var comparer = Comparer<object?>.Create((left, right) => Python.AreEqual(left, right) ? 0 : Python.Compare(left, right, "<"));
        try
        {
            IEnumerable<(object? Key, object? Item)> ordered = reverse
                ? keyed.OrderByDescending(pair => pair.Key, comparer) : keyed.OrderBy(pair => pair.Key, comparer);
            return [.. ordered.Select(pair => pair.Item)];
        }
        catch (InvalidOperationException error) when (error.InnerException is TemplateFault fault)
        {
            throw new TemplateFault(fault.Message);
        }
        catch (InvalidOperationException error) when (error.InnerException is InsufficientExecutionStackException)
        {
            throw new InsufficientExecutionStackException(error.Message, error);
        }
    }

    public static List<object?> Sort(object? value, bool reverse, bool caseSensitive, object? attribute)
    {
        if (Python.AsText(attribute) is { } paths && paths.Contains(',', StringComparison.Ordinal))
        {
            string[] parts = paths.Split(',');
            return Ordered(Python.Iterate(value), item =>
                new Tuple([.. parts.Select(part => Key(Follow(item, part), caseSensitive))]), reverse);
        }
        return Ordered(Python.Iterate(value), item => Key(Follow(item, attribute), caseSensitive), reverse);
    }

    public static List<object?> SortMapping(object? value, bool caseSensitive, string by, bool reverse)
    {
        Mapping mapping = value as Mapping ?? throw new TemplateFault($"'{Python.TypeName(value)}' object has no attribute 'items'");
        int position = by switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw new TemplateFault("You can only sort by either \"key\" or \"value\""),
        };
        List<object?> members = [.. mapping.Members.Select(member => new Tuple([member.Key, member.Value]))];
        return Ordered(members, item => Key(((Tuple)item!).Items[position], caseSensitive), reverse);
    }

    public static object? Extreme(object? value, bool caseSensitive, object? attribute, bool largest)
    {
        List<object?> ordered = Ordered(Python.Iterate(value), item => Key(Follow(item, attribute), caseSensitive), largest);
        return ordered.Count > 0 ? ordered[0] : new Undefined("No aggregated item, sequence was empty.");
    }

    public static object? Sum(Run run, object? value, object? attribute, object? start)
    {
        foreach (object? item in Python.Iterate(value))
            start = Operators.Binary(run, "+", start, Follow(item, attribute));
        return start;
    }

    public static Generator Unique(object? value, bool caseSensitive, object? attribute)
    {
        var seen = new Mapping();
        var result = new List<object?>();
        foreach (object? item in Python.Iterate(value))
        {
            object? key = Key(Follow(item, attribute), caseSensitive);
            if (seen.TryGet(key, out _))
                continue;
            seen.Set(key, true);
            result.Add(item);
        }
        return new Generator(result);
    }

    public static List<object?> Group(object? value, object? attribute, object? standard, bool caseSensitive)
    {
        var groups = new List<object?>();
        List<object?>? members = null;
        object? last = null;
        foreach (object? item in Ordered(Python.Iterate(value), item =>
            Key(Follow(item, attribute, standard), caseSensitive), reverse: false))
        {
            object? key = Follow(item, attribute, standard);
            if (members is null || !Python.AreEqual(Key(key, caseSensitive), last))
            {
                members = [];
                groups.Add(new Group(key, members));
                last = Key(key, caseSensitive);
            }
            members.Add(item);
        }
        return groups;
    }

    public static Generator Batch(object? value, long count, object? fill)
    {
        if (count < 1)
            throw new TemplateFault("batch needs a count of at least 1");
        List<object?> batches = [.. Python.Iterate(value).Chunk((int)count).Select(chunk => new List<object?>(chunk))];
        if (fill is not null && !ReferenceEquals(fill, Arguments.Missing) && batches.Count > 0 && batches[^1] is List<object?> last)
        {
            if (count > Limits.MaxListLength)
                throw Limits.ListTooLong();
            while (last.Count < count)
                last.Add(fill);
        }
        return new Generator(batches);
    }

    public static Generator Slices(object? value, long count, object? fill)
    {
        if (count is < 1 or > Limits.MaxListLength)
            throw new TemplateFault($"slice needs a count from 1 to {Limits.MaxListLength}");
        IReadOnlyList<object?> items = Python.Iterate(value);
        int each = items.Count / (int)count, longer = items.Count % (int)count, next = 0;
        var slices = new List<object?>();
        for (int i = 0; i < count; i++)
        {
            int size = each + (i < longer ? 1 : 0);
            List<object?> slice = [.. items.Skip(next).Take(size)];
            next += size;
            if (fill is not null && !ReferenceEquals(fill, Arguments.Missing) && i >= longer)
                slice.Add(fill);
            slices.Add(slice);
        }
        return new Generator(slices);
    }

    /// <summary><c>map('filter', …)</c> or <c>map(attribute='path')</c>.</summary>
    public static Generator Map(Run run, object? value, Arguments arguments)
    {
        // Like Jinja, treats a false value, such as None, as an empty list.
        IReadOnlyList<object?> items = Python.IsTrue(value) ? Python.Iterate(value) : [];
        run.Step(items.Count);
        if (arguments.Positional.Count == 0)
        {
            object?[] bound = arguments.Bind("map", "attribute", "default");
            if (ReferenceEquals(bound[0], Arguments.Missing))
                throw new TemplateFault("map requires a filter argument");
            return new Generator(
                [.. items.Select(item => Follow(item, bound[0], ReferenceEquals(bound[1], Arguments.Missing) ? null : bound[1]))]);
        }
        string name = Python.AsText(arguments.Positional[0]) ?? throw new TemplateFault("map takes the name of a filter");
        var rest = new Arguments([.. arguments.Positional.Skip(1)], arguments.Named);
        return new Generator([.. items.Select(item => Filters.Apply(run, name, item, rest))]);
    }

    /// <summary><c>select</c> and related filters: the items for which a test of the item or of an attribute holds.</summary>
    public static Generator Select(object? value, Arguments arguments, bool wanted, bool byAttribute)
    {
        IReadOnlyList<object?> positional = arguments.Positional;
        if (byAttribute && positional.Count == 0)
            throw new TemplateFault("Missing parameter for attribute name");
        object? attribute = byAttribute ? positional[0] : null;
        positional = [.. positional.Skip(byAttribute ? 1 : 0)];
        string? test = positional.Count == 0 ? null : Python.AsText(positional[0])
            ?? throw new TemplateFault("the name of a test is a string");
        var rest = new Arguments([.. positional.Skip(1)], arguments.Named);
        IReadOnlyList<object?> items = Python.IsTrue(value) ? Python.Iterate(value) : [];
        return new Generator([.. items.Where(item =>
        {
            object? tested = Follow(item, attribute);
            return (test is null ? Python.IsTrue(tested) : Tests.Apply(test, tested, rest)) == wanted;
        })]);
    }
}
