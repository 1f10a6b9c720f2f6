using DotMlx.NN;
using DotMlx.SourceGeneration;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace DotMlx.Tests.SourceGeneration;

/// <summary>Runs the generator on a source text, as the compiler would.</summary>
internal sealed class GeneratorRun
{
    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(path) is "netstandard.dll" or "mscorlib.dll")
            .Select(path => MetadataReference.CreateFromFile(path)),
        MetadataReference.CreateFromFile(typeof(Module).Assembly.Location),
    ];

    private GeneratorRun(GeneratorDriverRunResult result, Compilation output)
    {
        Diagnostics = [.. result.Diagnostics.OrderBy(d => d.Location.SourceSpan.Start)];
        Sources = result.Results.SelectMany(r => r.GeneratedSources).ToDictionary(s => s.HintName, s => s.SourceText.ToString());
        CompilerErrors = [.. output.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];
    }

    public Diagnostic[] Diagnostics { get; }

    public Dictionary<string, string> Sources { get; }

    /// <summary>The compiler's diagnostics for the source and the generated parts.</summary>
    public string[] CompilerErrors { get; }

    public static GeneratorRun Over(string source)
    {
        CSharpCompilation compilation = Compile(source);
        GeneratorDriver driver = Driver().RunGeneratorsAndUpdateCompilation(compilation, out Compilation output, out _);
        return new(driver.GetRunResult(), output);
    }

    public static CSharpGeneratorDriver Driver(bool track = false) => CSharpGeneratorDriver.Create(
        [new ModuleGenerator().AsSourceGenerator()],
        parseOptions: new CSharpParseOptions(LanguageVersion.Preview),
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, track));

    public static CSharpCompilation Compile(string source) => CSharpCompilation.Create(
        "Probe",
        [Parse("using System; using System.Collections.Generic; using DotMlx; using DotMlx.NN;\n" + source)],
        References,
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true,
            nullableContextOptions: NullableContextOptions.Enable));

    public static SyntaxTree Parse(string source) =>
        CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Preview), "Probe.cs");
}
