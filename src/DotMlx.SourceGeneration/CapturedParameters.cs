using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DotMlx.SourceGeneration;

/// <summary>
/// Finds parameters of a primary constructor that hold arrays or modules and are used outside initializers. The compiler keeps them in
/// unnamed fields, so they would be neither trained nor saved.
/// </summary>
internal static class CapturedParameters
{
    public static IEnumerable<DiagnosticInfo> Find(
        INamedTypeSymbol type, ClassDeclarationSyntax declaration, SemanticModel semantics, CancellationToken cancel)
    {
        foreach (ParameterSyntax parameter in declaration.ParameterList?.Parameters ?? default)
        {
            if (semantics.GetDeclaredSymbol(parameter, cancel) is IParameterSymbol symbol
                && MemberTypes.RoleOf(symbol.Type) != TypeRole.None
                && declaration.Members.Any(member => Uses(member, symbol, semantics, cancel)))
            {
                yield return DiagnosticInfo.Create(
                    Diagnostics.CapturedParameter, parameter.Identifier.GetLocation(), symbol.Name, type.Name,
                    symbol.Type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat),
                    char.ToUpperInvariant(symbol.Name[0]) + symbol.Name.Substring(1));
            }
        }
    }

    private static bool Uses(MemberDeclarationSyntax member, IParameterSymbol parameter, SemanticModel semantics,
        CancellationToken cancel) =>
        member is not BaseTypeDeclarationSyntax
        && member.DescendantNodes(node => !IsInitializer(node)).OfType<IdentifierNameSyntax>().Any(name =>
            name.Identifier.ValueText == parameter.Name
            && SymbolEqualityComparer.Default.Equals(semantics.GetSymbolInfo(name, cancel).Symbol, parameter));

    // An initializer runs only once, when the module is created.
    private static bool IsInitializer(SyntaxNode node) =>
        node is EqualsValueClauseSyntax
            { Parent: PropertyDeclarationSyntax or VariableDeclaratorSyntax { Parent.Parent: FieldDeclarationSyntax } };
}
