using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>Finds loops that update a model but never evaluate it, so that the graph, and its memory, grows with every step.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class TrainingLoopAnalyzer : DiagnosticAnalyzer
{
    private const int Depth = 3;

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rules.UnevaluatedState];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterOperationAction(Analyze, OperationKind.Invocation);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        IInvocationOperation update = (IInvocationOperation)context.Operation;
        if (update.TargetMethod.Name != "Update" || !Known.IsOptimizer(update.Instance?.Type) || update.Arguments.Length != 2
            || Known.SymbolOf(update.Instance) is not { } optimizer || Known.SymbolOf(update.Arguments[0].Value) is not { } model
            || Loop(update) is not { } loop)
        {
            return;
        }
        if (loop.Descendants().OfType<IInvocationOperation>()
            .Any(call => Evaluates(call, model, optimizer) || MayEvaluate(call, Depth, context.CancellationToken)))
        {
            return;
        }
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.UnevaluatedState, update.Syntax.GetLocation(), update.Instance!.Syntax.ToString(),
            update.Arguments[0].Value.Syntax + ".Parameters()"));
    }

    // The loop around the call, in the same function, because other code decides when a lambda runs.
    private static ILoopOperation? Loop(IOperation operation)
    {
        for (IOperation? current = operation.Parent; current is not null and not IAnonymousFunctionOperation
            and not ILocalFunctionOperation; current = current.Parent)
        {
            if (current is ILoopOperation loop)
            {
                return loop;
            }
        }
        return null;
    }

    // Mx.Eval or Mx.EvalAsync of a member of the model or of the optimizer, or of a tree that may contain one.
    private static bool Evaluates(IInvocationOperation call, ISymbol model, ISymbol optimizer)
    {
        if (!Known.IsMx(call.TargetMethod, "Eval") && !Known.IsMx(call.TargetMethod, "EvalAsync"))
        {
            return call.TargetMethod.Name is "ToArray" or "Save" or "SaveWeights" or "Eval" or "EvalAsync"
                && Mentions(call, model, optimizer);
        }
        return Mentions(call, model, optimizer)
            || call.Descendants().Any(part => Known.SymbolOf(part) is not null && part.Type is { } type && !Known.IsArray(type)
                && (Known.IsTree(type) || type is IArrayTypeSymbol
                    || type.AllInterfaces.Any(i => i.SpecialType == SpecialType.System_Collections_IEnumerable)));
    }

    private static bool Mentions(IInvocationOperation call, ISymbol model, ISymbol optimizer) =>
        call.TargetMethod.Name != "Eval" || !Known.IsModule(call.Instance?.Type)
        ? call.Descendants().Any(part => Known.SymbolOf(part) is { } symbol
            && (SymbolEqualityComparer.Default.Equals(symbol, model) || SymbolEqualityComparer.Default.Equals(symbol, optimizer)))
        : false;

    // A method of the program, or a delegate, may evaluate.
    private static bool MayEvaluate(IInvocationOperation call, int depth, CancellationToken cancel)
    {
        IMethodSymbol method = call.TargetMethod;
        if (method.MethodKind == MethodKind.DelegateInvoke)
        {
            return false;
        }
        return method.DeclaringSyntaxReferences.Any(place => NamesEvaluation(place.GetSyntax(cancel), call.SemanticModel, depth, cancel));
    }

    private static bool NamesEvaluation(SyntaxNode method, SemanticModel? semantics, int depth, CancellationToken cancel)
    {
        foreach (InvocationExpressionSyntax call in method.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            string name = call.Expression switch
            {
                MemberAccessExpressionSyntax member => member.Name.Identifier.ValueText,
                SimpleNameSyntax simple => simple.Identifier.ValueText,
                _ => "",
            };
            if (name is "Eval" or "EvalAsync" or "ToArray" or "Run")
            {
                return true;
            }
            if (depth > 0 && semantics?.SyntaxTree == call.SyntaxTree
                && semantics.GetSymbolInfo(call, cancel).Symbol is IMethodSymbol { DeclaringSyntaxReferences.IsEmpty: false } next
                && next.DeclaringSyntaxReferences.Any(place => place.GetSyntax(cancel) != method
                    && NamesEvaluation(place.GetSyntax(cancel), semantics, depth - 1, cancel)))
            {
                return true;
            }
        }
        return false;
    }
}
