using System.Reflection;
using DotMlx.Generator;
using DotMlx.Generator.Api;
using DotMlx.Generator.Sources;

namespace DotMlx.Bindings.Tests;

/// <summary>Headers or tables become JSON, JSON becomes C#, and the results match the committed files.</summary>
public sealed class GenerationTests
{
    private static readonly string Root = Runner.FindRoot(AppContext.BaseDirectory);

    private static readonly Generation Generation = new(Root);

    public static IEnumerable<string> VersionNames => Generation.Versions.Versions.Select(v => v.Name);

    // Versions described from their headers need no table.
    public static IEnumerable<string> TableNames => Directory.EnumerateFiles(Path.Combine(Root, "bindings/api/tables"), "*.tsv")
        .Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    private static ApiVersion Pinned => Generation.ReadApi(Generation.Versions.Pinned);

    [Test]
    public void CommittedSourcesAreWhatTheDescriptionsGive() =>
        Assert.That(Generation.Differences(Generation.Sources()), Is.Empty, "run ./build.sh --target=Bindings and commit");

    [TestCaseSource(nameof(VersionNames))]
    public void DescriptionSurvivesReadingAndWriting(string version) =>
        Assert.That(ApiJson.Write(Generation.ReadApi(version)),
            Is.EqualTo(File.ReadAllText(Path.Combine(Root, Generation.ApiFile(version)))));

    [TestCaseSource(nameof(TableNames))]
    public void DescriptionAgreesWithTheTableOfTheVersion(string version)
    {
        ApiVersion table = Generation.FromTable(Path.Combine(Root, "bindings/api/tables", $"{version}.tsv"), version);
        Assert.That(ApiDifference.Disagreements(Generation.ReadApi(version), table), Is.Empty);
    }

    [Test]
    public void PinnedDescriptionIsWhatItsHeadersGive()
    {
        if (!ClangHeaderParser.IsAvailable()) Assert.Ignore("clang is not installed: reading headers cannot be tested here.");
        string? headers = new Runner(Root, TextWriter.Null).DefaultHeaders();
        if (headers is null) Assert.Ignore("No headers of mlx-c here (neither mlx-c.submodule nor an installed prefix).");
        ApiVersion read = Generation.FromHeaders(headers, Generation.Versions.Pinned);
        if (!headers.StartsWith(Root, StringComparison.Ordinal) && ApiDifference.Lines(Pinned, read).Count > 0)
            Assert.Ignore($"The headers in '{headers}' are of another version than the pinned one.");
        Assert.That(ApiJson.Write(read), Is.EqualTo(File.ReadAllText(Path.Combine(Root, Generation.ApiFile(Generation.Versions.Pinned)))));
    }

    [Test]
    public void PinnedVersionHasTheCountsThatWereTakenByHand()
    {
        Assert.That(Pinned.Functions, Has.Count.EqualTo(620));
        Assert.That(Pinned.Functions.Where(f => f.AbsentOn is not null).Select(f => f.Name), Is.EquivalentTo(
            (string[])["mlx_array_item_float16", "mlx_array_item_bfloat16", "mlx_array_data_float16", "mlx_array_data_bfloat16"]));
        Assert.That(Pinned.Functions.SelectMany(f => f.Parameters).Count(p => p.Nullable), Is.EqualTo(57));
        Assert.That(Pinned.Functions.Count(f => f.Parameters.Any(p => p.Nullable)), Is.EqualTo(42));
        Assert.That(Pinned.Structs.Count(s => s.Fields.Count == 1), Is.EqualTo(28));
    }

    [Test]
    public void NeighborsDifferAsDocumented()
    {
        IReadOnlyList<string> first = ApiDifference.Lines(Generation.ReadApi("v0.6.0"), Generation.ReadApi("fba4470"));
        IReadOnlyList<string> second = ApiDifference.Lines(Generation.ReadApi("fba4470"), Generation.ReadApi("v0.7.0"));
        Assert.That((first.Count(l => l[0] == '+' && l.Contains('(')), first.Count(l => l[0] == '!'), first.Count(l => l[0] == '-')),
            Is.EqualTo((30, 14, 0)));
        Assert.That((second.Count(l => l[0] == '+' && l.Contains('(')), second.Count(l => l[0] == '!'), second.Count(l => l[0] == '-')),
            Is.EqualTo((54, 10, 0)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void ParserReadsWhatHeadersOfThisKindHold(bool clang)
    {
        if (clang && !ClangHeaderParser.IsAvailable())
            Assert.Ignore("clang is not installed: reading headers with it cannot be tested here.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dotmlx-headers-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "mlx", "c"));
            File.WriteAllText(Path.Combine(folder.FullName, "mlx", "c", "small.h"), """
                #include <stdbool.h>
                typedef struct thing_ { void* ctx; } thing;
                typedef enum color_ { RED, GREEN = 7, BLUE } color;
                typedef int (*visit)(const char* text, thing);
                int take(thing* res, const thing a /* may be null */, const int* base /* may be null */, size_t base_num, bool flag,
                    void (*dtor)(void*), visit v);
                color which();
                #ifdef HAS_FLOAT16
                float16_t* half(thing a);
                #endif
                void say(const char* text, ...);
                """);
            File.WriteAllText(Path.Combine(folder.FullName, "mlx", "c", "mlx.h"), "#include <stddef.h>\n#include \"mlx/c/small.h\"\n");
            IHeaderParser parser = clang ? new ClangHeaderParser() : new TextHeaderParser();
            ApiVersion api = parser.Parse(folder.FullName, "test");
            Assert.That(api.Functions.Select(f => f.Prototype), Is.EqualTo((string[])
            [
                "int take(thing* res, const thing a, const int* base, size_t base_num, bool flag, void (*dtor)(void*), visit v)",
                "color which(void)",
                "float16_t* half(thing a)",
                "void say(const char* text, ...)",
            ]));
            Assert.That(api.Find("take")!.Parameters.Where(p => p.Nullable).Select(p => p.Name), Is.EqualTo((string[])["a", "base"]));
            Assert.That(api.Find("half")!.AbsentOn, Is.EqualTo("x86-64"));
            Assert.That(api.Functions.Select(f => f.Header).Distinct(), Is.EqualTo((string[])["small.h"]));
            Assert.That(api.Enums.Single().Members.Select(m => m.Value), Is.EqualTo((int[])[0, 7, 8]));
            Assert.That(api.Callbacks.Single().Type.ToString(), Is.EqualTo("int (*)(const char*, thing)"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void HeadersReadAsTextGiveWhatClangGives()
    {
        if (new Runner(Root, TextWriter.Null).DefaultHeaders()
            is not { } headers) { Assert.Ignore("No headers of mlx-c here (neither mlx-c.submodule nor an installed prefix)."); return; }
        ApiVersion text = new TextHeaderParser().Parse(headers, "text");
        if (ClangHeaderParser.IsAvailable())
            Assert.That(ApiDifference.Disagreements(new ClangHeaderParser().Parse(headers, "clang"), text), Is.Empty);
        else if (ApiDifference.Lines(Pinned, text).Count > 0)
            Assert.Ignore($"The headers in '{headers}' are of another version than the pinned one.");
    }

    [Test]
    public void DeclarationThatIsNotUnderstoodIsRefused()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dotmlx-headers-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "mlx", "c"));
            File.WriteAllText(Path.Combine(folder.FullName, "mlx", "c", "mlx.h"), "int good(int a);\nunion u { int a; };\n");
            Assert.That(() => new TextHeaderParser().Parse(folder.FullName, "test"),
                Throws.TypeOf<FormatException>().With.Message.Contains("union u").And.Message.Contains("clang"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void CheckTellsWhatDiffersAndWritesNothing()
    {
        var output = new StringWriter();
        Assert.That(new Runner(Root, output).Run(null, null, null, check: true), Is.Zero, output.ToString());
        Assert.That(output.ToString(), Does.Contain("up to date"));
    }

    [Test]
    public void NewVersionIsPrintedAgainstItsNeighbor()
    {
        // The table takes the place of the headers of an unknown version.
        string table = Path.GetTempFileName();
        try
        {
            File.WriteAllText(table, File.ReadAllText(Path.Combine(Root, "bindings/api/tables/v0.7.0.tsv"))
                .Replace("bool force_fused, ", "", StringComparison.Ordinal)
                + "fn\tmlx_brand_new\tops.h\tint\tmlx_array* res, const mlx_array a, const mlx_stream s\n");
            var output = new StringWriter();
            Assert.That(new Runner(Root, output).Run(null, table, "v0.8.0", check: true), Is.EqualTo(1));
            Assert.That(output.ToString(), Does.Contain("v0.7.0 -> v0.8.0: 1 added, 0 removed, 1 changed under the same name")
                .And.Contain("+ int mlx_brand_new(").And.Contain("native/versions.json").And.Contain("differs: bindings/api/v0.8.0.json"));
        }
        finally
        {
            File.Delete(table);
        }
    }

    [Test]
    public void EveryChangedFunctionHasAPortableForm()
    {
        ApiVersion[] versions = [.. VersionNames.Select(Generation.ReadApi)];
        string[] changed = [.. versions.SelectMany(v => v.Functions).GroupBy(f => f.Name)
            .Where(g => g.Select(f => f.Signature).Distinct().Count() > 1).Select(g => g.Key)];
        Assert.That(changed, Has.Length.EqualTo(24));
        foreach (string name in changed)
        {
            MethodInfo? portable = typeof(MlxcPortable).GetMethod(name);
            Assert.That(portable, Is.Not.Null, name);
            Assert.That(portable!.GetParameters().Select(p => (p.ParameterType, p.Name)),
                Is.EqualTo(typeof(Mlxc).GetMethod(name)!.GetParameters().Select(p => (p.ParameterType, p.Name))), name);
        }
    }

    [Test]
    public void OnlyFunctionsOfAllVersionsAreBareImports()
    {
        ApiVersion[] versions = [.. VersionNames.Select(Generation.ReadApi)];
        foreach (MethodInfo method in typeof(Mlxc).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
        {
            bool everywhere = versions.All(v => v.Find(method.Name) is { AbsentOn: null })
                && versions.Select(v => v.Find(method.Name)!.Signature).Distinct().Count() == 1;
            Assert.That(method.Attributes.HasFlag(MethodAttributes.PinvokeImpl), Is.EqualTo(everywhere), method.Name);
        }
    }
}
