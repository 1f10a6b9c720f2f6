using DotMlx.LanguageModels.ChatTemplates.Syntax;

namespace DotMlx.LanguageModels.ChatTemplates.Values;

/// <summary>A macro, or the body of a call block.</summary>
internal sealed class Macro(MacroDefinition definition, Scope outer)
{
    public string Name => definition.Name;

    public object? Find(string name) => name switch
    {
        "name" => Name,
        "arguments" => new Tuple([.. definition.Signature.Names]),
        "catch_varargs" => definition.UsesMore,
        "catch_kwargs" => definition.UsesMoreNamed,
        "caller" => definition.UsesCaller,
        _ => new Undefined($"'Macro object' has no attribute '{name}'"),
    };

    public string Call(Run run, Arguments arguments)
    {
        var scope = new Scope(outer);
        IReadOnlyList<string> names = definition.Signature.Names;
        var named = new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal);
        var evaluator = new Evaluator(run, scope);
        int given = Math.Min(arguments.Positional.Count, names.Count);
        for (int i = 0; i < names.Count; i++)
        {
            if (i < given)
                scope.Set(names[i], arguments.Positional[i]);
            else if (named.Remove(names[i], out object? value))
                scope.Set(names[i], value);
            else if (definition.Signature.Defaults[i] is { } standard)
                scope.Set(names[i], evaluator.Evaluate(standard));
            else
                scope.Set(names[i], new Undefined($"parameter '{names[i]}' was not provided"));
        }
        if (named.Keys.FirstOrDefault(name => names.Take(given).Contains(name)) is { } twice)
            throw new TemplateFault($"macro '{Name}' got multiple values for argument '{twice}'");
        if (definition.UsesCaller)
            scope.Set("caller", named.Remove("caller", out object? caller) ? caller : new Undefined("No caller defined"));
        if (definition.UsesMoreNamed)
        {
            var rest = new Mapping();
            foreach ((string name, object? value) in named)
                rest.Set(name, value);
            scope.Set("kwargs", rest);
        }
        else if (named.Count > 0)
            throw new TemplateFault($"macro '{Name}' takes no keyword argument '{named.Keys.First()}'");
        if (definition.UsesMore)
            scope.Set("varargs", new Tuple([.. arguments.Positional.Skip(given)]));
        else if (arguments.Positional.Count > names.Count)
            throw new TemplateFault($"macro '{Name}' takes not more than {names.Count} argument(s)");
        return run.Capture(() => new Executor(run, scope).Execute(definition.Body));
    }
}

/// <summary>The <c>loop</c> variable.</summary>
internal sealed class Loop(IReadOnlyList<object?> items)
{
    private IReadOnlyList<object?>? _last;

    public int Index { get; set; }

    public object? Find(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        // Only recursive loops have a greater depth.
        "depth" => 1L,
        "depth0" => 0L,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => new Function("cycle", Cycle),
        "changed" => new Function("changed", (_, arguments) => HasChanged(arguments)),
        _ => new Undefined($"'LoopContext object' has no attribute '{name}'"),
    };

    private object? Cycle(Run run, Arguments arguments) => arguments.Positional.Count > 0
        ? arguments.Positional[Index % arguments.Positional.Count] : throw new TemplateFault("no items for cycling given");

    private bool HasChanged(Arguments arguments)
    {
        if (_last is not null && Python.AreEqual(new Tuple(_last), new Tuple(arguments.Positional)))
            return false;
        _last = arguments.Positional;
        return true;
    }
}
