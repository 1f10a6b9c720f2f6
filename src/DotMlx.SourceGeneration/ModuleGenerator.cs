using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DotMlx.SourceGeneration;

/// <summary>
/// Finds the parameters of every class derived from <c>DotMlx.NN.Module</c> and writes the part of the class that lists them, so that no
/// reflection is needed at run time.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ModuleGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<ModuleModel> modules = context.SyntaxProvider
            .CreateSyntaxProvider(
                static (node, _) => node is ClassDeclarationSyntax { BaseList.Types.Count: > 0 },
                static (node, cancel) => Analyze(node, cancel))
            .Where(static model => model is not null)!
            .WithTrackingName("Modules")!;

        context.RegisterSourceOutput(modules, static (output, model) =>
        {
            foreach (DiagnosticInfo diagnostic in model.Diagnostics)
            {
                output.ReportDiagnostic(diagnostic.ToDiagnostic());
            }
            if (model.CanGenerate)
            {
                output.AddSource(model.HintName, ModuleEmitter.Emit(model));
            }
        });

        foreach (string attribute in MemberAttributes.All)
        {
            IncrementalValuesProvider<DiagnosticInfo?> strays = context.SyntaxProvider.ForAttributeWithMetadataName(
                MemberAttributes.Namespace + "." + attribute + "Attribute",
                static (_, _) => true,
                (node, _) => MemberAttributes.CheckPlace(node.TargetSymbol, attribute));
            context.RegisterSourceOutput(strays, static (output, diagnostic) =>
            {
                if (diagnostic is not null)
                {
                    output.ReportDiagnostic(diagnostic.ToDiagnostic());
                }
            });
        }
    }

    private static ModuleModel? Analyze(GeneratorSyntaxContext context, CancellationToken cancel)
    {
        ClassDeclarationSyntax declaration = (ClassDeclarationSyntax)context.Node;
        if (context.SemanticModel.GetDeclaredSymbol(declaration, cancel) is not INamedTypeSymbol type
            || !MemberTypes.DerivesFromModule(type)
            || !IsFirstDeclaration(type, declaration, cancel))
        {
            return null;
        }
        return ModuleAnalysis.Run(type, declaration, context.SemanticModel, cancel);
    }

    // Several parts of a class may repeat the base list, but the class is written only once.
    private static bool IsFirstDeclaration(INamedTypeSymbol type, ClassDeclarationSyntax declaration, CancellationToken cancel)
    {
        foreach (SyntaxReference reference in type.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax(cancel) is ClassDeclarationSyntax { BaseList.Types.Count: > 0 } first)
            {
                return first == declaration;
            }
        }
        return false;
    }
}
