using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>
/// Finds arrays that are made inside an <c>MlxScope</c> and returned, or assigned to a variable from outside the scope, without
/// <c>Keep</c>.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ScopeAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rules.LeavesScope];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterOperationAction(AnalyzeReturn, OperationKind.Return);
        context.RegisterOperationAction(AnalyzeAssignment, OperationKind.SimpleAssignment);
    }

    private static void AnalyzeReturn(OperationAnalysisContext context)
    {
        IReturnOperation leaving = (IReturnOperation)context.Operation;
        if (leaving.ReturnedValue is { } value && Known.IsArray(value.Type))
        {
            Report(context, value, null);
        }
    }

    private static void AnalyzeAssignment(OperationAnalysisContext context)
    {
        ISimpleAssignmentOperation assignment = (ISimpleAssignmentOperation)context.Operation;
        // A property setter may store its value, as the setters of the layers do.
        if (Known.IsArray(assignment.Value.Type) && assignment.Target is ILocalReferenceOperation or IFieldReferenceOperation)
        {
            Report(context, assignment.Value, assignment.Target);
        }
    }

    private static void Report(OperationAnalysisContext context, IOperation value, IOperation? target)
    {
        (ILocalSymbol? scope, int begins, IOperation around) = Scope(context.Operation);
        if (scope is null)
        {
            return;
        }
        if (target is ILocalReferenceOperation { Local: var outer }
            && outer.DeclaringSyntaxReferences.Any(place => place.Span.Start > begins))
        {
            return;
        }
        IOperation made = Known.Unconverted(value);
        ISymbol? local = (made as ILocalReferenceOperation)?.Local;
        if (local is null ? !Makes(made) : !IsMadeInside((ILocalSymbol)local, begins, around) || IsKept(local, around))
        {
            return;
        }
        if (target is not null && Known.SymbolOf(target) is { } destination && IsKept(destination, around))
        {
            return;
        }
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.LeavesScope, made.Syntax.GetLocation(), local is null
                ? "that is " + (target is null ? "returned" : "assigned")
                : $"'{local.Name}'", scope.Name,
            $"{scope.Name}.Keep({made.Syntax})"));
    }

    // The innermost named scope that is still open here: its variable, its start, and the operations around it.
    private static (ILocalSymbol? Scope, int Begins, IOperation Around) Scope(IOperation operation)
    {
        for (IOperation child = operation, current = operation.Parent!; current is not null and not IAnonymousFunctionOperation
            and not ILocalFunctionOperation; child = current, current = current.Parent!)
        {
            if (current is IUsingOperation { Resources: IVariableDeclarationGroupOperation resources } statement
                && statement.Resources != child && Opened(resources) is { } used)
            {
                return (used, resources.Syntax.SpanStart, statement.Body);
            }
            if (current is not IBlockOperation block)
            {
                continue;
            }
            foreach (IOperation before in block.Operations.TakeWhile(o => o != child).Reverse())
            {
                if (before is IUsingDeclarationOperation declaration && Opened(declaration.DeclarationGroup) is { } declared)
                {
                    return (declared, before.Syntax.SpanStart, block);
                }
            }
        }
        return default;
    }

    private static ILocalSymbol? Opened(IVariableDeclarationGroupOperation group)
    {
        IVariableDeclaratorOperation? variable = group.Declarations.SelectMany(declaration => declaration.Declarators).FirstOrDefault();
        IOperation? value = variable?.Initializer?.Value
            ?? group.Declarations.Select(declaration => declaration.Initializer?.Value)
                .FirstOrDefault(initializer => initializer is not null);
        return Known.IsScope(variable?.Symbol.Type) && value is not null
            && Known.Unconverted(value) is IInvocationOperation { TargetMethod.Name: "Begin" }
            ? variable!.Symbol
            : null;
    }

    private static bool IsMadeInside(ILocalSymbol local, int begins, IOperation around)
    {
        if (!local.DeclaringSyntaxReferences.Any(place => place.Span.Start > begins))
        {
            return false;
        }
        // Any of the assigned values may be the returned one, so all of them must be created in the scope.
        IOperation[] values =
        [
            .. around.Descendants().OfType<IVariableDeclaratorOperation>()
                .Where(declarator => SymbolEqualityComparer.Default.Equals(declarator.Symbol, local) && declarator.Initializer is not null)
                .Select(declarator => declarator.Initializer!.Value),
            .. around.Descendants().OfType<ISimpleAssignmentOperation>()
                .Where(assignment => SymbolEqualityComparer.Default.Equals(Known.SymbolOf(assignment.Target), local))
                .Select(assignment => assignment.Value),
        ];
        return values.Length > 0 && values.All(value => Makes(Known.Unconverted(value)));
    }

    // Operators and functions of the library return new arrays; other methods may return older ones.
    private static bool Makes(IOperation value) => value switch
    {
        IBinaryOperation binary => Known.IsArray(binary.Type),
        IUnaryOperation unary => Known.IsArray(unary.Type),
        IInvocationOperation { TargetMethod: { IsStatic: true } method } => Known.IsMx(method) && Known.IsArray(method.ReturnType),
        IInvocationOperation { TargetMethod: { IsStatic: false } method } => Known.IsArray(method.ContainingType)
            && Known.IsArray(method.ReturnType),
        _ => false,
    };

    private static bool IsKept(ISymbol local, IOperation around) => around.Descendants().OfType<IInvocationOperation>().Any(call =>
        call.TargetMethod.Name is "Keep" or "Detach" && call.Arguments.Any(argument => argument.Descendants().Any(part =>
            SymbolEqualityComparer.Default.Equals(Known.SymbolOf(part), local))));
}
