using System.Collections.Immutable;
using DotMlx.CodeFixes;
using DotMlx.SourceGeneration;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace DotMlx.Analyzers.Tests;

/// <summary>Runs the package's generator, analyzers, and fixes on a source text, as the compiler and an IDE would.</summary>
internal static class AnalyzedSource
{
    private const string Usings =
        "using System; using System.Collections.Generic; using System.Linq; using DotMlx; using DotMlx.NN; using DotMlx.Optimizers;\n";

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Preview);

    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(path) is "netstandard.dll" or "mscorlib.dll")
            .Select(path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(MlxArray).Assembly.Location),
    ];

    private static readonly ImmutableArray<DiagnosticAnalyzer> Analyzers =
    [
        .. typeof(ModuleGenerator).Assembly.GetTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(DiagnosticAnalyzer)))
            .Select(type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!),
    ];

    private static readonly CodeFixProvider[] Fixes =
    [
        .. typeof(SingleFix).Assembly.GetTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(CodeFixProvider)))
            .Select(type => (CodeFixProvider)Activator.CreateInstance(type)!),
    ];

    /// <summary>Returns the diagnostics in source order; the source itself must compile.</summary>
    internal static async Task<Diagnostic[]> Diagnose(string source)
    {
        using var workspace = new AdhocWorkspace();
        return await Diagnose(Open(workspace, source));
    }

    /// <summary>Returns the source after a fix of the first diagnostic with that ID.</summary>
    /// <param name="source">The source with a mistake.</param>
    /// <param name="id">The diagnostic.</param>
    /// <param name="title">The beginning of the fix's title.</param>
    internal static async Task<string> Fix(string source, string id, string title)
    {
        using var workspace = new AdhocWorkspace();
        Document document = Open(workspace, source);
        SyntaxTree tree = (await document.GetSyntaxTreeAsync())!;
        Diagnostic diagnostic = (await Diagnose(document)).First(d => d.Id == id);
        // Locations of the generator's diagnostics have no syntax tree.
        var located = Diagnostic.Create(diagnostic.Descriptor, Location.Create(tree, diagnostic.Location.SourceSpan), diagnostic.Properties,
            Arguments(diagnostic));
        List<CodeAction> actions = [];
        foreach (CodeFixProvider provider in Fixes.Where(fix => fix.FixableDiagnosticIds.Contains(id)))
        {
            await provider.RegisterCodeFixesAsync(new CodeFixContext(document, located, (action, _) => actions.Add(action),
                CancellationToken.None));
        }

        CodeAction chosen = actions.Single(action => action.Title.StartsWith(title, StringComparison.Ordinal));
        ApplyChangesOperation change = (await chosen.GetOperationsAsync(CancellationToken.None)).OfType<ApplyChangesOperation>().Single();
        SourceText text = await change.ChangedSolution.GetDocument(document.Id)!.GetTextAsync();
        return text.ToString()[Usings.Length..];
    }

    private static object?[] Arguments(Diagnostic diagnostic) =>
        (object?[]?)typeof(Diagnostic).GetProperty("Arguments",
            System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)?.GetValue(diagnostic) ?? [];

    private static Document Open(AdhocWorkspace workspace, string source)
    {
        Project project = workspace.AddProject(ProjectInfo.Create(
            ProjectId.CreateNewId(), VersionStamp.Default, "Probe", "Probe", LanguageNames.CSharp, parseOptions: Language,
            metadataReferences: References,
            compilationOptions: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable)));
        return workspace.AddDocument(project.Id, "Probe.cs", SourceText.From(Usings + source));
    }

    private static async Task<Diagnostic[]> Diagnose(Document document)
    {
        Compilation compilation = (await document.Project.GetCompilationAsync())!;
        CSharpGeneratorDriver.Create([new ModuleGenerator().AsSourceGenerator()], parseOptions: Language)
            .RunGeneratorsAndUpdateCompilation(compilation, out Compilation whole, out ImmutableArray<Diagnostic> generated);
        // A module that isn't partial has no generated part; the diagnostic reports this.
        Assert.That(
            whole.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error && d.Id is not ("CS0260" or "CS9051"))
                .Select(d => d.ToString()), Is.Empty);
        ImmutableArray<Diagnostic> analyzed = await whole.WithAnalyzers(Analyzers).GetAnalyzerDiagnosticsAsync();
        return [.. generated.Concat(analyzed).OrderBy(d => d.Location.SourceSpan.Start)];
    }
}
