using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;

namespace DotMlx.CodeFixes;

/// <summary>A fix that changes one document, for one diagnostic or for all diagnostics of a project.</summary>
public abstract class SingleFix : CodeFixProvider
{
    private readonly string[] _ids;

    /// <summary>Makes the provider.</summary>
    /// <param name="ids">The diagnostics that it fixes.</param>
    protected SingleFix(params string[] ids) => _ids = ids;

    /// <inheritdoc/>
    public sealed override ImmutableArray<string> FixableDiagnosticIds => [.. _ids];

    /// <inheritdoc/>
    public sealed override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        SyntaxNode? root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            SyntaxNode? node = root?.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
            if (node is null)
            {
                continue;
            }
            foreach ((string title, Func<SyntaxNode, SyntaxNode> change) in Changes(diagnostic, node))
            {
                context.RegisterCodeFix(
                    CodeAction.Create(title, _ => Task.FromResult(context.Document.WithSyntaxRoot(change(root!))), equivalenceKey: title),
                    diagnostic);
            }
        }
    }

    /// <summary>The fixes of a diagnostic: the titles for the IDE, and the changes to the root of the document.</summary>
    /// <param name="diagnostic">The diagnostic.</param>
    /// <param name="node">The node at the diagnostic's location.</param>
    protected abstract IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node);
}
