using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>
/// Checks a function that is passed to <c>Mx.Compile</c>: captured arrays are constants, and the models and optimizers that it uses must be
/// named.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class CompiledFunctionAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rules.CapturedArray, Rules.UnnamedState];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterOperationAction(Analyze, OperationKind.Invocation);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        IInvocationOperation call = (IInvocationOperation)context.Operation;
        if (!Known.IsMx(call.TargetMethod, "Compile") || Function(call) is not { } function)
        {
            return;
        }
        HashSet<ISymbol> seen = new(SymbolEqualityComparer.Default);
        IOperation? inputs = Known.Argument(call, "inputs"), outputs = Known.Argument(call, "outputs");
        bool knowsInputs = TryNames(inputs, out HashSet<ISymbol> named), knowsOutputs = TryNames(outputs, out HashSet<ISymbol> changed);
        foreach (IOperation use in function.Body.Descendants())
        {
            if (IsNameOf(use) || Known.SymbolOf(use) is not { } symbol || use is IConversionOperation || IsInside(symbol, function)
                || !seen.Add(symbol))
            {
                continue;
            }
            if (Known.IsArray(use.Type) && symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol
                && Known.IsArray(use.Type) && !IsWritten(use))
            {
                ReportArray(context, call, use, symbol, function);
            }
            else if (Known.IsModule(use.Type) || Known.IsOptimizer(use.Type))
            {
                // A variable that the function assigns first can hold anything, even the model again.
                bool missing = knowsInputs && !named.Contains(symbol);
                bool unchanged = !missing && knowsOutputs && Known.IsOptimizer(use.Type) && !changed.Contains(symbol);
                if (missing || unchanged)
                {
                    string kind = Known.IsOptimizer(use.Type) ? "uses the optimizer" : "uses the model";
                    context.ReportDiagnostic(Diagnostic.Create(
                        Rules.UnnamedState, use.Syntax.GetLocation(), kind, symbol.Name, missing ? "inputs" : "outputs", symbol.Name));
                }
            }
        }
    }

    private static void ReportArray(
        OperationAnalysisContext context, IInvocationOperation call, IOperation use, ISymbol symbol, IAnonymousFunctionOperation function)
    {
        // A captured constant may be intended, but a captured variable that the program changes is a mistake.
        bool changes = IsAssignedAgain(call, symbol, function);
        string advice = changes
            ? "later assignments to it have no effect. Make it a parameter of the function"
            : "make it a parameter of the function if it changes from call to call";
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.CapturedArray, use.Syntax.GetLocation(), changes ? DiagnosticSeverity.Warning : DiagnosticSeverity.Info,
            additionalLocations: null, properties: null, symbol.Name, advice));
    }

    private static IAnonymousFunctionOperation? Function(IInvocationOperation call)
    {
        IOperation? function = Known.Argument(call, "fun");
        while (function is IConversionOperation or IDelegateCreationOperation)
        {
            function = function is IConversionOperation conversion ? conversion.Operand : ((IDelegateCreationOperation)function).Target;
        }
        return function as IAnonymousFunctionOperation;
    }

    // The names in a list of states; false if the list is created elsewhere.
    private static bool TryNames(IOperation? states, out HashSet<ISymbol> names)
    {
        names = new(SymbolEqualityComparer.Default);
        while (states is IConversionOperation conversion)
        {
            states = conversion.Operand;
        }
        IEnumerable<IOperation> elements;
        switch (states)
        {
            case null or ILiteralOperation or IDefaultValueOperation:
                return true;
            case ICollectionExpressionOperation collection:
                elements = collection.Elements;
                break;
            case IArrayCreationOperation { Initializer: { } initializer }:
                elements = initializer.ElementValues;
                break;
            default:
                return false;
        }
        foreach (IOperation element in elements)
        {
            if (element is ISpreadOperation || Known.SymbolOf(element) is not { } symbol)
            {
                if (element is ISpreadOperation || !Known.IsModule(Known.Unconverted(element).Type))
                {
                    // An object that may contain models and optimizers, such as a random state or a training step.
                    continue;
                }
                return false;
            }
            names.Add(symbol);
        }
        // A state that the program implements may represent several others.
        return !elements.Any(element => element is ISpreadOperation
            || (Known.Unconverted(element).Type is { } type && !Known.IsModule(type) && !Known.IsOptimizer(type)
                && !MemberTypes.Is(type, "DotMlx.RandomState")));
    }

    private static bool IsInside(ISymbol symbol, IAnonymousFunctionOperation function) => symbol is ILocalSymbol or IParameterSymbol
        && symbol.DeclaringSyntaxReferences.Any(place => place.SyntaxTree == function.Syntax.SyntaxTree
            && function.Syntax.Span.Contains(place.Span));

    private static bool IsNameOf(IOperation use)
    {
        for (IOperation? current = use.Parent; current is not null and not IAnonymousFunctionOperation; current = current.Parent)
        {
            if (current is INameOfOperation)
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsWritten(IOperation use) => use.Parent switch
    {
        ISimpleAssignmentOperation assignment => assignment.Target == use,
        IArgumentOperation argument => argument.Parameter?.RefKind is RefKind.Out,
        _ => false,
    };

    private static bool IsAssignedAgain(IInvocationOperation call, ISymbol symbol, IAnonymousFunctionOperation function)
    {
        IOperation root = call;
        while (root.Parent is { } parent)
        {
            root = parent;
        }
        return root.Descendants().Any(operation => operation is IAssignmentOperation assignment
            && assignment.Syntax.SpanStart > call.Syntax.SpanStart
            && !function.Syntax.Span.Contains(assignment.Syntax.Span)
            && SymbolEqualityComparer.Default.Equals(Known.SymbolOf(assignment.Target), symbol));
    }
}
