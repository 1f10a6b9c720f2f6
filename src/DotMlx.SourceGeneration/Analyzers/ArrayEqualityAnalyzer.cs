using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>Finds <c>==</c> and <c>!=</c> between two arrays, which in Python compare elements.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ArrayEqualityAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rules.ArrayEquality];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterOperationAction(Analyze, OperationKind.Binary);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        IBinaryOperation comparison = (IBinaryOperation)context.Operation;
        if (comparison.OperatorKind is not (BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals)
            || comparison.OperatorMethod is not null
            || !IsArray(comparison.LeftOperand)
            || !IsArray(comparison.RightOperand))
        {
            return;
        }
        bool equal = comparison.OperatorKind == BinaryOperatorKind.Equals;
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.ArrayEquality, comparison.Syntax.GetLocation(), comparison.Syntax.ToString(), equal ? "Equal" : "NotEqual"));
    }

    // A comparison with null doesn't compare elements, and a cast to object shows that the program compares references on purpose.
    private static bool IsArray(IOperation operand)
    {
        IOperation written = Known.Unconverted(operand);
        return Known.IsArray(written.Type) && written.ConstantValue is not { HasValue: true, Value: null };
    }
}
