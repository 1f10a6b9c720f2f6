using Microsoft.CodeAnalysis;

namespace DotMlx.SourceGeneration.Analyzers;

/// <summary>The analyzers' diagnostics; every message explains how to fix the code.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor ArrayEquality = Warning("DMLX012", "Arrays are compared by reference",
        "'{0}' compares .NET references: use Mx.{1}(a, b) to compare elements, Mx.ArrayEqual(a, b) to compare whole "
        + "arrays, or ReferenceEquals(a, b)");

    public static readonly DiagnosticDescriptor CapturedArray = Warning("DMLX013", "Array captured by a compiled function",
        "The function given to Mx.Compile captures the array '{0}', which becomes a constant of the compiled graph: {1}");

    public static readonly DiagnosticDescriptor UnnamedState = Warning("DMLX014", "State that a compiled function does not declare",
        "The function given to Mx.Compile {0} '{1}', which is not among its {2}: write Mx.Compile(function, [{3}], [{3}]), or the "
        + "compiled graph keeps using the arrays of its first call");

    public static readonly DiagnosticDescriptor UnevaluatedState = Warning("DMLX015", "Optimizer state that a loop never evaluates",
        "The loop never evaluates the state of '{0}', so the graph grows with each step: call Mx.Eval({1}, {0}.State) once per step");

    public static readonly DiagnosticDescriptor LeavesScope = Warning("DMLX016", "Array that outlives its scope",
        "The array {0} was made inside the scope '{1}', which frees it: write {2}");

    private static DiagnosticDescriptor Warning(string id, string title, string message) =>
        new(id, title, message, "DotMlx", DiagnosticSeverity.Warning, isEnabledByDefault: true);
}
