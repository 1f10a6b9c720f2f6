using Microsoft.CodeAnalysis;

namespace DotMlx.Tests.SourceGeneration;

/// <summary>Tests the ID, the location, and the message of every diagnostic of the generator; the message says what to do.</summary>
public class DiagnosticTests
{
    [TestCase("DMLX001", "Block", "partial class Block",
        "public class Block : Module { public Linear Proj { get; } = new(2, 2); }")]
    [TestCase("DMLX001", "Block", "partial class Block",
        "public class Block : Module { public MlxArray Forward(MlxArray x) => x; }")]
    [TestCase("DMLX002", "Block", "add 'partial' to 'Outer'",
        "public class Outer { public partial class Block : Module { public Linear Proj { get; } = new(2, 2); } }")]
    [TestCase("DMLX003", "Size", "remove the attribute or change the type",
        "public partial class Block : Module { [Parameter] public int Size { get; set; } }")]
    [TestCase("DMLX003", "Shared", "make it an instance member",
        "public partial class Block : Module { [Buffer] public static MlxArray? Shared { get; set; } }")]
    [TestCase("DMLX003", "Weight", "not derived from DotMlx.NN.Module",
        "public class Plain { [NotParameter] public MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX003", "Heads", "use List<T>, T[], or Dictionary<string, T>",
        "public partial class Block : Module { [Parameter] public HashSet<Linear> Heads { get; } = new(); }")]
    [TestCase("DMLX004", "WX", "[Parameter(\"...\")]",
        "public partial class Block : Module { public MlxArray? Wx { get; set; } public MlxArray? WX { get; set; } }")]
    [TestCase("DMLX004", "Weight", "Base.Weight",
        "public partial class Base : Module { public MlxArray? Weight { get; set; } } public partial class Derived : Base { public new MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX005", "Weight", "mutually exclusive",
        "public partial class Block : Module { [Parameter, NotParameter] public MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX006", "Weight", "without dots",
        "public partial class Block : Module { [Parameter(\"a.b\")] public MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX006", "Weight", "non-empty",
        "public partial class Block : Module { [Parameter(\"\")] public MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX007", "Heads", "List<T>, T[], or Dictionary<string, T>",
        "public partial class Block : Module { public HashSet<Linear> Heads { get; } = new(); }")]
    [TestCase("DMLX007", "Pair", "[NotParameter]",
        "public partial class Block : Module { public (Linear, Linear) Pair { get; set; } }")]
    [TestCase("DMLX007", "ByNumber", "Dictionary<string, T>",
        "public partial class Block : Module { public Dictionary<int, Linear> ByNumber { get; } = new(); }")]
    [TestCase("DMLX008", "Weight", "{ get; set; }",
        "public partial class Block : Module { private MlxArray? _weight; [NotParameter] private MlxArray? Hidden => _weight; [Parameter] public MlxArray? Weight => _weight; }")]
    [TestCase("DMLX009", "Block", "internal",
        "file partial class Block : Module { public Linear Proj { get; } = new(2, 2); }")]
    [TestCase("DMLX010", "_proj", "[NotParameter]",
        "public partial class Block : Module { private readonly Linear _proj = new(2, 2); }")]
    [TestCase("DMLX011", "proj", "public Linear Proj { get; } = proj;",
        "public partial class Block(int size, Linear proj) : Module { public Linear Other { get; } = new(size, size); public MlxArray Forward(MlxArray x) => proj.Forward(x); }")]
    [TestCase("DMLX011", "scales", "public List<MlxArray> Scales { get; } = scales;",
        "public partial class Block(List<MlxArray> scales) : Module { public int Count { get { return scales.Count; } } }")]
    public void AMistakeIsReportedWithItsFix(string id, string at, string advice, string source)
    {
        GeneratorRun run = GeneratorRun.Over(source);
        Diagnostic? found = run.Diagnostics.FirstOrDefault(d => d.Id == id);
        Assert.That(found, Is.Not.Null, "reported: " + string.Join("; ", run.Diagnostics.Select(d => d.ToString())));
        Assert.That(found!.GetMessage(), Does.Contain(advice));
        string pointedAt = GeneratorRun.Compile(source).SyntaxTrees[0].GetText().ToString(found.Location.SourceSpan);
        Assert.That(pointedAt, Is.EqualTo(at));
    }

    [TestCase("public partial class Block : Module { public Linear Proj { get; } = new(2, 2); [NotParameter] public Module? Parent { get; set; } }")]
    [TestCase("public partial class Block : Module { [Parameter(\"proj\")] private readonly Linear _proj = new(2, 2); }")]
    [TestCase("public partial class Block : Module { [NotParameter] private HashSet<Linear> _all = new(); public Linear A { get; } = new(1, 1); }")]
    [TestCase("public class Plain : Module { public int Size { get; set; } }")]
    [TestCase("public abstract partial class B : Module { public abstract Linear Proj { get; } } public partial class D : B { public override Linear Proj { get; } = new(1, 1); }")]
    [TestCase("public partial class Block(Linear proj, int size) : Module { public Linear Proj { get; } = proj; public int Size => size; public MlxArray Forward(MlxArray x) => Proj.Forward(x); }")]
    [TestCase("public partial class Block(Linear proj) : Module { [NotParameter] private readonly List<Linear> _all = [proj]; [Parameter] private readonly Linear _own = proj; public int Count => _all.Count; public MlxArray Forward(MlxArray x) { Linear proj = _own; return proj.Forward(x); } }")]
    public void CorrectModulesGetNoDiagnostic(string source)
    {
        GeneratorRun run = GeneratorRun.Over(source);
        Assert.That(run.Diagnostics.Select(d => d.ToString()), Is.Empty);
        Assert.That(run.CompilerErrors, Is.Empty);
    }
}
