using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Functions;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>One rendering of a template: its remaining budget and its output.</summary>
internal sealed class Run(TimeProvider time)
{
    private long _steps = Limits.Steps;
    private int _calls;
    private long _written;

    public TimeProvider Time => time;

    public StringBuilder Output { get; private set; } = new();

    public void Step(long count = 1)
    {
        if ((_steps -= count) < 0)
            throw new TemplateFault($"takes more than {Limits.Steps} steps");
    }

    public void Write(string text)
    {
        if ((_written += text.Length) > Limits.MaxTextLength)
            throw Limits.TextTooLong();
        Output.Append(text);
    }

    /// <summary>Counts the steps to read a string, a list, or a dictionary.</summary>
    public void StepThrough(object? value) => Step(value switch
    {
        string text => text.Length,
        Markup markup => markup.Text.Length,
        List<object?> list => list.Count,
        Tuple tuple => tuple.Items.Count,
        Mapping mapping => mapping.Count,
        View view => view.Items.Count,
        _ => 0,
    } / 8);

    /// <summary>Counts the steps for a string that the template created, and checks its length.</summary>
    public string Made(string text)
    {
        if (text.Length > Limits.MaxTextLength)
            throw Limits.TextTooLong();
        Step(text.Length / 8);
        return text;
    }

    public List<object?> Made(List<object?> list)
    {
        if (list.Count > Limits.MaxListLength)
            throw Limits.ListTooLong();
        Step(list.Count / 8);
        return list;
    }

    /// <summary>Returns the output of <paramref name="body"/> as text.</summary>
    public string Capture(Action body)
    {
        StringBuilder outer = Output;
        Output = new StringBuilder();
        try
        {
            body();
            return Made(Output.ToString());
        }
        finally
        {
            Output = outer;
        }
    }

    public object? Call(object? target, Arguments arguments)
    {
        if (++_calls > Limits.Calls)
            throw new TemplateFault($"calls itself more than {Limits.Calls} deep");
        Step();
        try
        {
            return target switch
            {
                Function function => function.Call(this, arguments),
                Macro macro => macro.Call(this, arguments),
                Undefined undefined => throw undefined.Fault(),
                _ => throw new TemplateFault($"'{Python.TypeName(target)}' object is not callable"),
            };
        }
        finally
        {
            _calls--;
        }
    }
}

/// <summary>The variables of a block, and of the blocks around it.</summary>
internal sealed class Scope(Scope? outer)
{
    private Dictionary<string, object?>? _variables;

    public void Set(string name, object? value) => (_variables ??= new(StringComparer.Ordinal))[name] = value;

    public object? Get(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables is not null && scope._variables.TryGetValue(name, out object? value))
                return value;
        }
        return Globals.All.TryGetValue(name, out object? global) ? global : Undefined.Name(name);
    }

    private Scope? Outer { get; } = outer;
}
