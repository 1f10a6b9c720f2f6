using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using DotMlx.Tests.SourceGeneration;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DotMlx.Tests.Documentation;

/// <summary>The C# blocks of README.md and of each guide, joined to one program per page, compile and run.</summary>
[NonParallelizable]
internal sealed partial class SnippetTests
{
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; "
        + "global using System.Linq; global using System.Threading; global using System.Threading.Tasks;";

    // These warnings are about references to two versions of one assembly, which the SDK doesn't report either.
    private static readonly Dictionary<string, ReportDiagnostic> UnifiedReferences = new()
    {
        ["CS1701"] = ReportDiagnostic.Suppress, ["CS1702"] = ReportDiagnostic.Suppress,
    };

    private static IEnumerable<string> Pages() =>
        Repository.Pages().Where(page => page != "README.md" && Snippet().IsMatch(Repository.Read(page)));

    /// <summary>If a page shows output, in blocks marked as output, the program prints exactly that.</summary>
    [TestCaseSource(nameof(Pages))]
    public void SnippetsOfTheGuideRun(string page)
    {
        string printed = Run(page);

        if (Shown().Matches(Repository.Read(page)) is { Count: > 0 } blocks)
        {
            Assert.That(printed.ReplaceLineEndings("\n").TrimEnd(),
                Is.EqualTo(string.Concat(blocks.Select(block => block.Groups[1].Value)).TrimEnd()));
        }
    }

    [Test]
    public void TheExampleOfTheReadmeFindsItsAnswer()
    {
        string last = Run("README.md").Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];

        Assert.That(last, Does.StartWith("step 400: loss "));
        Assert.That(double.Parse(last.Split(' ')[^1], CultureInfo.InvariantCulture), Is.LessThan(1e-3));
    }

    /// <summary>
    /// The README's blocks of cs are only compiled, because a test should not run them; they download models, for example.
    /// </summary>
    [Test]
    public void TheChatExampleOfTheReadmeCompiles()
    {
        MatchCollection blocks = OnlyCompiled().Matches(Repository.Read("README.md"));
        Assert.That(blocks, Is.Not.Empty);
        using MemoryStream image = Emit(string.Concat(blocks.Select(block => $"```csharp\n{block.Groups[1].Value}```\n")));
        Assert.That(image.Length, Is.Positive);
    }

    private static string Run(string page)
    {
        using MemoryStream image = Emit(Repository.Read(page));
        image.Position = 0;
        var context = new AssemblyLoadContext(page, isCollectible: true);
        MethodInfo entry = context.LoadFromStream(image).EntryPoint!;
        string folder = Directory.CreateTempSubdirectory("snippet-").FullName;
        string previous = Environment.CurrentDirectory;
        (TextWriter console, TextWriter errors) = (Console.Out, Console.Error);
        using var output = new StringWriter();
        try
        {
            Environment.CurrentDirectory = folder;

            // The small models that the guide on language models loads.
            Directory.CreateSymbolicLink(Path.Combine(folder, "models"), Path.Combine(AppContext.BaseDirectory, "models"));
            Console.SetOut(output);
            // Some runners write errors and output to the same place.
            Console.SetError(TextWriter.Null);
            object? ended = entry.Invoke(null, entry.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
            (ended as Task)?.GetAwaiter().GetResult();
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(errors);
            Environment.CurrentDirectory = previous;
            Directory.Delete(folder, recursive: true);
            context.Unload();
        }

        return output.ToString();
    }

    private static MemoryStream Emit(string page)
    {
        string program = Program(page);
        var image = new MemoryStream();
        // The source generator lists the modules' parameters, as in a project with the package.
        GeneratorRun.Driver().RunGeneratorsAndUpdateCompilation(Compile(program), out Compilation compilation, out _);
        var result = compilation.Emit(image);
        Assert.That(result.Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning), Is.Empty, program);
        return image;
    }

    // The blocks of a page build on one another: later blocks use declarations of earlier ones. The program has the using directives first,
    // without repetitions, and the types last.
    private static string Program(string page)
    {
        List<string> lines = [.. Snippet().Matches(page).SelectMany(match => match.Groups[1].Value.Split('\n'))];
        IEnumerable<string> directives = lines.Where(line => UsingDirective().IsMatch(line)).Distinct();
        string joined = string.Join('\n', directives.Concat(lines.Where(line => !UsingDirective().IsMatch(line))));
        CompilationUnitSyntax unit = SyntaxFactory.ParseCompilationUnit(joined, options: new CSharpParseOptions(LanguageVersion.Preview));
        return unit.WithMembers([.. unit.Members.OrderBy(member => member is GlobalStatementSyntax ? 0 : 1)]).ToFullString();
    }

    private static CSharpCompilation Compile(string program)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        IEnumerable<MetadataReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
            .Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(
            "Snippets",
            [CSharpSyntaxTree.ParseText(ImplicitUsings, options), CSharpSyntaxTree.ParseText(program, options)],
            references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable)
                .WithSpecificDiagnosticOptions(UnifiedReferences));
    }

    [GeneratedRegex(@"^```csharp\r?\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Snippet();

    [GeneratedRegex(@"^```cs\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex OnlyCompiled();

    [GeneratedRegex(@"^```output\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Shown();

    [GeneratedRegex(@"^using [A-Za-z.= ]+;\s*$")]
    private static partial Regex UsingDirective();
}
