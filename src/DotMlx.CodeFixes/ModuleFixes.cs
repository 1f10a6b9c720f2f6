using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace DotMlx.CodeFixes;

/// <summary>Declares a module, and every type around it, partial (DMLX001 and DMLX002).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class PartialFix() : SingleFix("DMLX001", "DMLX002")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        TypeDeclarationSyntax[] types = [.. node.AncestorsAndSelf().OfType<TypeDeclarationSyntax>()
            .Where(type => !type.Modifiers.Any(SyntaxKind.PartialKeyword))];
        if (types.Length > 0)
        {
            yield return ("Make the module partial", root => root.ReplaceNodes(types, (_, type) => MakePartial(type)));
        }
    }

    private static TypeDeclarationSyntax MakePartial(TypeDeclarationSyntax type)
    {
        SyntaxToken partial = SyntaxFactory.Token(SyntaxKind.PartialKeyword).WithTrailingTrivia(SyntaxFactory.Space);
        if (type.Modifiers.Count > 0)
        {
            return (TypeDeclarationSyntax)type.WithModifiers(type.Modifiers.Add(partial));
        }
        // Trivia before the keyword, such as a comment, stays before the modifier.
        return (TypeDeclarationSyntax)type.WithKeyword(type.Keyword.WithLeadingTrivia())
            .WithModifiers(SyntaxFactory.TokenList(partial.WithLeadingTrivia(type.Keyword.LeadingTrivia)));
    }
}

/// <summary>Gives a parameter a setter (DMLX008).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class SetterFix() : SingleFix("DMLX008")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<PropertyDeclarationSyntax>() is { } property)
        {
            yield return ("Store the value: { get; set; }", root => root.ReplaceNode(property, property
                .WithExpressionBody(null).WithSemicolonToken(default)
                .WithAccessorList(SyntaxFactory.ParseMemberDeclaration("object P { get; set; }") is PropertyDeclarationSyntax stored
                    ? stored.AccessorList
                    : null)
                .WithTrailingTrivia(property.GetTrailingTrivia()).WithAdditionalAnnotations(Formatter.Annotation)));
        }
    }
}

/// <summary>Makes a file-local module internal (DMLX009).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class FileLocalFix() : SingleFix("DMLX009")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        SyntaxToken? file = node.FirstAncestorOrSelf<TypeDeclarationSyntax>()?.Modifiers.FirstOrDefault(modifier =>
            modifier.IsKind(SyntaxKind.FileKeyword));
        if (file is { RawKind: not 0 } token)
        {
            yield return ("Make the module internal", root =>
                root.ReplaceToken(token, SyntaxFactory.Token(SyntaxKind.InternalKeyword).WithTriviaFrom(token)));
        }
    }
}

/// <summary>Declares whether a member is a parameter (DMLX007 and DMLX010).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class AttributeFix() : SingleFix("DMLX007", "DMLX010")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<MemberDeclarationSyntax>() is not { } member)
        {
            yield break;
        }
        if (diagnostic.Id == "DMLX010")
        {
            yield return ("Train and save the member: [Parameter]", root => root.ReplaceNode(member, Marked(member, "Parameter")));
        }
        yield return ("Exclude the member: [NotParameter]", root => root.ReplaceNode(member, Marked(member, "NotParameter")));
    }

    private static MemberDeclarationSyntax Marked(MemberDeclarationSyntax member, string name)
    {
        AttributeListSyntax attributes = SyntaxFactory.AttributeList(
            SyntaxFactory.SingletonSeparatedList(SyntaxFactory.Attribute(
                SyntaxFactory.ParseName("DotMlx.NN." + name)
                    .WithAdditionalAnnotations(Microsoft.CodeAnalysis.Simplification.Simplifier.Annotation))));
        return member.WithoutLeadingTrivia()
            .WithAttributeLists(member.WithoutLeadingTrivia().AttributeLists.Insert(0, attributes.WithTrailingTrivia(SyntaxFactory.Space)))
            .WithLeadingTrivia(member.GetLeadingTrivia());
    }
}

/// <summary>Stores a captured parameter of a primary constructor in a property (DMLX011).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class CapturedParameterFix() : SingleFix("DMLX011")
{
    /// <inheritdoc/>
    protected override IEnumerable<(string Title, Func<SyntaxNode, SyntaxNode> Change)> Changes(Diagnostic diagnostic, SyntaxNode node)
    {
        if (node.FirstAncestorOrSelf<ParameterSyntax>() is { Type: { } type } parameter
            && parameter.FirstAncestorOrSelf<ClassDeclarationSyntax>() is { } module)
        {
            string name = parameter.Identifier.ValueText;
            string property = char.ToUpperInvariant(name[0]) + name.Substring(1);
            yield return ($"Store it as the property '{property}'",
                root => root.ReplaceNode(module, Stored(module, type.WithoutTrivia().ToString(), name, property)));
        }
    }

    private static ClassDeclarationSyntax Stored(ClassDeclarationSyntax module, string type, string name, string property)
    {
        IdentifierNameSyntax[] uses =
        [
            .. module.Members.SelectMany(member => member.DescendantNodes().OfType<IdentifierNameSyntax>())
                .Where(use => use.Identifier.ValueText == name && !IsInitializer(use) && !NamesMember(use)),
        ];
        ClassDeclarationSyntax changed = module.ReplaceNodes(uses, (use, _) => SyntaxFactory.IdentifierName(property).WithTriviaFrom(use));
        MemberDeclarationSyntax added = SyntaxFactory.ParseMemberDeclaration($"public {type} {property} {{ get; }} = {name};")!
            .WithTrailingTrivia(SyntaxFactory.ElasticLineFeed).WithAdditionalAnnotations(Formatter.Annotation);
        return changed.WithMembers(changed.Members.Insert(0, added));
    }

    private static bool NamesMember(IdentifierNameSyntax use) =>
        use.Parent is NameColonSyntax || (use.Parent is MemberAccessExpressionSyntax access && access.Name == use);

    private static bool IsInitializer(SyntaxNode use) => use.AncestorsAndSelf().Any(node =>
        node is EqualsValueClauseSyntax
            { Parent: PropertyDeclarationSyntax or VariableDeclaratorSyntax { Parent.Parent: FieldDeclarationSyntax } });
}
