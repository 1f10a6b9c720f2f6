using System.Runtime.CompilerServices;
using System.Text;
using DotMlx.LanguageModels.ChatTemplates.Functions;
using DotMlx.LanguageModels.ChatTemplates.Syntax;
using DotMlx.LanguageModels.ChatTemplates.Values;
using Attribute = DotMlx.LanguageModels.ChatTemplates.Syntax.Attribute;
using Tuple = DotMlx.LanguageModels.ChatTemplates.Values.Tuple;

namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>Evaluates expressions in a scope.</summary>
internal sealed class Evaluator(Run run, Scope scope)
{
    public object? Evaluate(Expression expression)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        run.Step();
        try
        {
            return Compute(expression);
        }
        catch (TemplateFault fault) when (fault.Line == 0)
        {
            fault.Line = expression.Line;
            throw;
        }
    }

    private object? Compute(Expression expression) => expression switch
    {
        Constant constant => constant.Value,
        Variable variable => scope.Get(variable.Name),
        Attribute attribute => Members.Attribute(Evaluate(attribute.Target), attribute.Name),
        Item item => ComputeItem(item),
        Call call => run.Call(Evaluate(call.Target), Evaluate(call.Arguments)),
        Filter filter => Apply(filter, Evaluate(filter.Target!)),
        Test test => ComputeTest(test),
        Unary unary => Operators.Unary(unary.Operator, Evaluate(unary.Operand)),
        Binary binary => ComputeBinary(binary),
        Concatenation concatenation => Concatenate(concatenation),
        Comparison comparison => Compare(comparison),
        Conditional conditional => Choose(conditional),
        ListOf list => run.Made(Items(list.Items)),
        TupleOf tuple => new Tuple(Items(tuple.Items)),
        DictionaryOf dictionary => MakeMapping(dictionary),
        _ => throw new TemplateFault($"the expression {expression.GetType().Name} is not supported here"),
    };

    private List<object?> Items(IReadOnlyList<Expression> items)
    {
        var values = new List<object?>(items.Count);
        foreach (Expression item in items)
            values.Add(Evaluate(item));
        return values;
    }

    public Arguments Evaluate(ArgumentList list)
    {
        if (ReferenceEquals(list, ArgumentList.None))
            return Arguments.None;
        List<object?> positional = Items(list.Positional);
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, Expression value) in list.Named)
            named[name] = Evaluate(value);
        if (list.More is not null)
            positional.AddRange(Python.Iterate(Evaluate(list.More)));
        if (list.MoreNamed is not null)
        {
            Mapping more = Evaluate(list.MoreNamed) as Mapping ?? throw new TemplateFault("the value after '**' isn't a dictionary");
            foreach ((object? key, object? value) in more.Members)
                named[key as string ?? throw new TemplateFault("keywords must be strings")] = value;
        }
        return new Arguments(positional, named);
    }

    /// <summary>Applies a filter. In a filter block, the preceding filters are applied first.</summary>
    public object? Apply(Filter filter, object? value)
    {
        if (filter.Target is Filter before && IsOfBlock(before))
            value = Apply(before, value);
        run.StepThrough(value);
        object? result = Filters.Apply(run, filter.Name, value, Evaluate(filter.Arguments));
        return result is string text ? run.Made(text) : result is List<object?> list ? run.Made(list) : result;
    }

    private static bool IsOfBlock(Filter filter) => filter.Target is null || filter.Target is Filter before && IsOfBlock(before);

    private object? ComputeItem(Item item)
    {
        object? target = Evaluate(item.Target);
        if (Python.AsText(target) is not null)
            run.StepThrough(target);
        if (item.Key is not SliceKey slice)
            return Members.Item(target, Evaluate(item.Key));
        return Members.Slice(run, target, Part(slice.Start), Part(slice.Stop), Part(slice.Step));

        object? Part(Expression? part) => part is null ? null : Evaluate(part);
    }

    private bool ComputeTest(Test test)
    {
        object? value = Evaluate(test.Target);
        Arguments arguments = Evaluate(test.Arguments);
        if (arguments.Positional.Count > 0)
            run.StepThrough(arguments.Positional[0]);
        return Tests.Apply(test.Name, value, arguments);
    }

    private object? ComputeBinary(Binary binary)
    {
        // Templates concatenate text in long left-associative chains, so these are evaluated without recursion.
        var chain = new Stack<Binary>();
        Expression first = binary;
        while (first is Binary next)
        {
            chain.Push(next);
            first = next.Left;
        }
        object? value = Evaluate(first);
        while (chain.TryPop(out Binary? step))
        {
            try
            {
                value = step.Operator switch
                {
                    "and" => Python.IsTrue(value) ? Evaluate(step.Right) : value,
                    "or" => Python.IsTrue(value) ? value : Evaluate(step.Right),
                    _ => Operators.Binary(run, step.Operator, value, Evaluate(step.Right)),
                };
            }
            catch (TemplateFault fault) when (fault.Line == 0)
            {
                fault.Line = step.Line;
                throw;
            }
        }
        return value;
    }

    private string Concatenate(Concatenation concatenation)
    {
        var result = new StringBuilder();
        foreach (Expression item in concatenation.Items)
            result.Append(PythonText.Write(Evaluate(item)));
        return run.Made(result.ToString());
    }

    private bool Compare(Comparison comparison)
    {
        object? left = Evaluate(comparison.First);
        foreach ((string symbol, Expression operand) in comparison.Rest)
        {
            object? right = Evaluate(operand);
            run.StepThrough(left);
            run.StepThrough(right);
            if (!Operators.Compare(symbol, left, right))
                return false;
            left = right;
        }
        return true;
    }

    private object? Choose(Conditional conditional)
    {
        if (Python.IsTrue(Evaluate(conditional.Test)))
            return Evaluate(conditional.Then);
        return conditional.Else is null
            ? new Undefined($"the inline if-expression on line {conditional.Line} evaluated to false and no else section was defined")
            : Evaluate(conditional.Else);
    }

    private Mapping MakeMapping(DictionaryOf dictionary)
    {
        var mapping = new Mapping();
        foreach ((Expression key, Expression value) in dictionary.Members)
            mapping.Set(Evaluate(key), Evaluate(value));
        return mapping;
    }
}
