using System.Runtime.CompilerServices;
using DotMlx.LanguageModels.ChatTemplates.Syntax;
using DotMlx.LanguageModels.ChatTemplates.Values;

namespace DotMlx.LanguageModels.ChatTemplates;

/// <summary>Executes statements in a scope.</summary>
internal sealed class Executor(Run run, Scope scope)
{
    private readonly Evaluator _evaluator = new(run, scope);

    /// <summary>How a list of statements ended.</summary>
    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    public void Execute(IReadOnlyList<Statement> body) => ExecuteAll(body);

    private Flow ExecuteAll(IReadOnlyList<Statement> body)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (Statement statement in body)
        {
            run.Step();
            try
            {
                Flow flow = Execute(statement);
                if (flow != Flow.Next)
                    return flow;
            }
            catch (TemplateFault fault) when (fault.Line == 0)
            {
                fault.Line = statement.Line;
                throw;
            }
        }
        return Flow.Next;
    }

    private Flow Execute(Statement statement)
    {
        switch (statement)
        {
            case Data data:
                run.Write(data.Text);
                return Flow.Next;
            case Output output:
                run.Write(run.Made(PythonText.Write(_evaluator.Evaluate(output.Value))));
                return Flow.Next;
            case If branches:
                return ExecuteIf(branches);
            case For loop:
                return ExecuteFor(loop);
            case Break:
                return Flow.Break;
            case Continue:
                return Flow.Continue;
            case Assign assign:
                Assign(scope, assign.Target, _evaluator.Evaluate(assign.Value));
                return Flow.Next;
            case AssignBlock block:
                object? text = Inner(block.Body, out Flow blockFlow);
                Assign(scope, block.Target, block.Filter is null ? text : _evaluator.Apply(block.Filter, text));
                return blockFlow;
            case With with:
                return ExecuteWith(with);
            case MacroDefinition macro:
                scope.Set(macro.Name, new Macro(macro, scope));
                return Flow.Next;
            case CallBlock call:
                ExecuteCall(call);
                return Flow.Next;
            case FilterBlock filter:
                string filtered = Inner(filter.Body, out Flow filterFlow);
                run.Write(PythonText.Write(_evaluator.Apply(filter.Filter, filtered)));
                return filterFlow;
            case Generation generation:
                return new Executor(run, new Scope(scope)).ExecuteAll(generation.Body);
            default:
                throw new TemplateFault($"the statement {statement.GetType().Name} is not supported");
        }
    }

    /// <summary>Returns the output of a body that runs in its own scope.</summary>
    private string Inner(IReadOnlyList<Statement> body, out Flow flow)
    {
        var ended = Flow.Next;
        string text = run.Capture(() => ended = new Executor(run, new Scope(scope)).ExecuteAll(body));
        flow = ended;
        return text;
    }

    private Flow ExecuteIf(If branches)
    {
        foreach ((Expression test, IReadOnlyList<Statement> body) in branches.Branches)
        {
            if (Python.IsTrue(_evaluator.Evaluate(test)))
                return ExecuteAll(body);
        }
        return ExecuteAll(branches.Else);
    }

    private Flow ExecuteFor(For statement)
    {
        object? value = _evaluator.Evaluate(statement.Items);
        run.StepThrough(value);
        IReadOnlyList<object?> items = Python.Iterate(value);
        if (statement.Condition is not null)
            items = [.. items.Where(item => IsWanted(statement, item))];
        var loop = new Loop(items);
        for (int i = 0; i < items.Count; i++)
        {
            run.Step();
            loop.Index = i;
            var inner = new Scope(scope);
            inner.Set("loop", loop);
            Assign(inner, statement.Target, items[i]);
            if (new Executor(run, inner).ExecuteAll(statement.Body) == Flow.Break)
                break;
        }
        return items.Count > 0 ? Flow.Next : new Executor(run, new Scope(scope)).ExecuteAll(statement.Else);
    }

    private bool IsWanted(For statement, object? item)
    {
        run.Step();
        var inner = new Scope(scope);
        Assign(inner, statement.Target, item);
        return Python.IsTrue(new Evaluator(run, inner).Evaluate(statement.Condition!));
    }

    private Flow ExecuteWith(With with)
    {
        var inner = new Scope(scope);
        foreach ((Expression target, Expression value) in with.Values)
            Assign(inner, target, _evaluator.Evaluate(value));
        return new Executor(run, inner).ExecuteAll(with.Body);
    }

    private void ExecuteCall(CallBlock block)
    {
        Arguments arguments = _evaluator.Evaluate(block.Call.Arguments);
        var named = new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal) { ["caller"] = new Macro(block.Body, scope) };
        object? result = run.Call(_evaluator.Evaluate(block.Call.Target), arguments with { Named = named });
        run.Write(PythonText.Write(result));
    }

    private void Assign(Scope into, Expression target, object? value)
    {
        switch (target)
        {
            case Variable variable:
                into.Set(variable.Name, value);
                break;
            case NamespaceMember member:
                Namespace names = scope.Get(member.Name) as Namespace
                    ?? throw new TemplateFault($"'{member.Name}' isn't a namespace: only members of a namespace can be set", member.Line);
                names.Members[member.Member] = value;
                break;
            case TupleOf tuple:
                IReadOnlyList<object?> items = Python.Iterate(value is Undefined undefined ? throw undefined.Fault() : value);
                if (items.Count != tuple.Items.Count)
                    throw new TemplateFault($"cannot unpack {items.Count} values into {tuple.Items.Count} names", target.Line);
                for (int i = 0; i < items.Count; i++)
                    Assign(into, tuple.Items[i], items[i]);
                break;
        }
    }
}
