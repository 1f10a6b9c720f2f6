using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace DotMlx.CodeFixes;

/// <summary>Compares elements instead of objects (DMLX012).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class ArrayEqualityFix() : SingleFix("DMLX012")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<BinaryExpressionSyntax>() is not { } comparison)
        {
            yield break;
        }
        bool equal = comparison.IsKind(SyntaxKind.EqualsExpression);
        string elements = equal ? "Mx.Equal" : "Mx.NotEqual";
        yield return ($"Compare elements: {elements}(a, b)", root => root.ReplaceNode(comparison, Call(elements, comparison)));
        yield return ("Compare references: ReferenceEquals(a, b)",
            root => root.ReplaceNode(comparison, Call(equal ? "ReferenceEquals" : "!ReferenceEquals", comparison)));
    }

    private static ExpressionSyntax Call(string method, BinaryExpressionSyntax comparison) => SyntaxFactory
        .ParseExpression($"{method}({comparison.Left.WithoutTrivia()}, {comparison.Right.WithoutTrivia()})").WithTriviaFrom(comparison);
}

/// <summary>Names a model or an optimizer as the state of a compiled function (DMLX014).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class UnnamedStateFix() : SingleFix("DMLX014")
{
    private static readonly string[] Lists = ["inputs", "outputs"];

    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        InvocationExpressionSyntax? call = node.Ancestors().OfType<InvocationExpressionSyntax>()
            .FirstOrDefault(candidate => candidate.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Compile" }
                or SimpleNameSyntax { Identifier.ValueText: "Compile" });
        if (call is not null)
        {
            string state = node.ToString();
            yield return ($"Declare '{state}' as state", root => root.ReplaceNode(call, Named(call, state)));
        }
    }

    private static InvocationExpressionSyntax Named(InvocationExpressionSyntax call, string state)
    {
        for (int i = 0; i < Lists.Length; i++)
        {
            ArgumentSyntax? list =
                call.ArgumentList.Arguments.FirstOrDefault(argument => argument.NameColon?.Name.Identifier.ValueText == Lists[i])
                ?? call.ArgumentList.Arguments.ElementAtOrDefault(i + 1) switch { { NameColon: null } argument => argument, _ => null };
            if (list?.Expression is CollectionExpressionSyntax collection)
            {
                if (collection.Elements.Any(element => element.ToString() == state))
                {
                    continue;
                }
                string elements = string.Join(", ", collection.Elements.Select(element => element.ToString()).Append(state));
                call = call.ReplaceNode(collection, SyntaxFactory.ParseExpression($"[{elements}]"));
            }
            else if (list is null)
            {
                ArgumentSyntax added = SyntaxFactory.Argument(
                    SyntaxFactory.NameColon(Lists[i]).WithTrailingTrivia(SyntaxFactory.Space), default,
                    SyntaxFactory.ParseExpression($"[{state}]"));
                call = call.WithArgumentList(call.ArgumentList
                    .WithArguments(call.ArgumentList.Arguments.Add(added.WithLeadingTrivia(SyntaxFactory.Space))));
            }
        }
        return call;
    }
}

/// <summary>Evaluates parameters and optimizer state after the update (DMLX015).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class UnevaluatedStateFix() : SingleFix("DMLX015")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<InvocationExpressionSyntax>()
            is not { Expression: MemberAccessExpressionSyntax access, Parent: ExpressionStatementSyntax update } call
            || call.ArgumentList.Arguments.Count == 0 || update.Parent is not BlockSyntax)
        {
            yield break;
        }
        StatementSyntax eval = SyntaxFactory
            .ParseStatement($"Mx.Eval({call.ArgumentList.Arguments[0].Expression}.Parameters(), {access.Expression}.State);")
            .WithLeadingTrivia(update.GetLeadingTrivia().Where(trivia => trivia.IsKind(SyntaxKind.WhitespaceTrivia)))
            .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed).WithAdditionalAnnotations(Formatter.Annotation);
        yield return ("Evaluate parameters and optimizer state", root => root.InsertNodesAfter(update, [eval]));
    }
}

/// <summary>Keeps an array beyond its scope (DMLX016).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class KeepFix() : SingleFix("DMLX016")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        // The message ends with the replacement code.
        string message = diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture);
        int scope = message.IndexOf("write ", StringComparison.Ordinal);
        if (node.FirstAncestorOrSelf<ExpressionSyntax>() is { } value && scope >= 0)
        {
            string kept = message.Substring(scope + "write ".Length);
            yield return ("Keep the array after the scope ends", root =>
                root.ReplaceNode(value, SyntaxFactory.ParseExpression(kept).WithTriviaFrom(value)));
        }
    }
}
