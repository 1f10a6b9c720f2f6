namespace DotMlx.Analyzers.Tests;

/// <summary>The code fixes of an IDE's light bulb.</summary>
internal sealed class FixTests
{
    private const string Model =
        "public partial class Net : Module { public Linear Layer { get; } = new(2, 2); public MlxArray "
        + "Forward(MlxArray x) => Layer.Forward(x); }\n";

    [TestCase("DMLX001", "Make the module partial",
        "/// <summary>A block.</summary>\npublic class Block : Module { public Linear Proj { get; } = new(2, 2); }",
        "/// <summary>A block.</summary>\npublic partial class Block : Module { public Linear Proj { get; } = new(2, 2); }")]
    [TestCase("DMLX001", "Make the module partial",
        "// First.\nclass Block : Module { public Linear Proj { get; } = new(2, 2); }",
        "// First.\npartial class Block : Module { public Linear Proj { get; } = new(2, 2); }")]
    [TestCase("DMLX002", "Make the module partial",
        "public static class Outer { public partial class Block : Module { public Linear Proj { get; } = new(2, 2); } }",
        "public static partial class Outer { public partial class Block : Module { public Linear Proj { get; } = new(2, 2); } }")]
    [TestCase("DMLX008", "Store the value",
        "public partial class Block : Module { [Parameter] public MlxArray? Weight => null; }",
        "public partial class Block : Module { [Parameter] public MlxArray? Weight { get; set; } }")]
    [TestCase("DMLX009", "Make the module internal",
        "file partial class Block : Module { public Linear Proj { get; } = new(2, 2); }",
        "internal partial class Block : Module { public Linear Proj { get; } = new(2, 2); }")]
    [TestCase("DMLX007", "Exclude the member",
        "public partial class Block : Module { public HashSet<Linear> Heads { get; } = new(); }",
        "public partial class Block : Module { [NotParameter] public HashSet<Linear> Heads { get; } = new(); }")]
    [TestCase("DMLX010", "Train and save the member",
        "public partial class Block : Module { private readonly Linear _proj = new(2, 2); }",
        "public partial class Block : Module { [Parameter] private readonly Linear _proj = new(2, 2); }")]
    [TestCase("DMLX012", "Compare elements",
        "class P { MlxArray Accuracy(MlxArray o, MlxArray y) => Mx.Mean(Mx.ArgMax(o) == y); }",
        "class P { MlxArray Accuracy(MlxArray o, MlxArray y) => Mx.Mean(Mx.Equal(Mx.ArgMax(o), y)); }")]
    [TestCase("DMLX012", "Compare references",
        "class P { bool Same(MlxArray a, MlxArray b) => a != b; }",
        "class P { bool Same(MlxArray a, MlxArray b) => !ReferenceEquals(a, b); }")]
    [TestCase("DMLX014", "Declare 'model' as state",
        Model + "class P { void M(Net model) { var f = Mx.Compile((MlxArray a) => model.Forward(a)); } }",
        Model + "class P { void M(Net model) { var f = Mx.Compile((MlxArray a) => model.Forward(a), inputs: "
        + "[model], outputs: [model]); } }")]
    [TestCase("DMLX014", "Declare 'optimizer' as state",
        Model + "class P { void M(Net model, Adam optimizer) { var f = Mx.Compile((TreeDictionary g, MlxArray a) => { "
        + "optimizer.Update(model, g); return a; }, [model], [model]); } }",
        Model + "class P { void M(Net model, Adam optimizer) { var f = Mx.Compile((TreeDictionary g, MlxArray a) => { "
        + "optimizer.Update(model, g); return a; }, [model, optimizer], [model, optimizer]); } }")]
    [TestCase("DMLX016", "Keep the array",
        "class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); return a * 2; } }",
        "class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); return scope.Keep(a * 2); } }")]
    public async Task TheFixCorrectsTheMistake(string id, string title, string before, string after)
    {
        Assert.That(await AnalyzedSource.Fix(before, id, title), Is.EqualTo(after));
        Assert.That((await AnalyzedSource.Diagnose(after)).Select(d => d.Id), Has.None.EqualTo(id));
    }

    [Test]
    public async Task ALoopEvaluatesParametersAndState()
    {
        const string Before = Model
            + "class P\n{\n    void M(Net model, Adam optimizer, TreeDictionary g)\n    {\n        for (;;)\n        {\n            "
            + "optimizer.Update(model, g);\n        }\n    }\n}\n";

        string after = await AnalyzedSource.Fix(Before, "DMLX015", "Evaluate");

        Assert.That(after.ReplaceLineEndings("\n"), Does.Contain(
            "            optimizer.Update(model, g);\n            Mx.Eval(model.Parameters(), optimizer.State);\n        }\n"));
        Assert.That(await AnalyzedSource.Diagnose(after), Is.Empty);
    }

    [Test]
    public async Task ACapturedParameterBecomesAProperty()
    {
        const string Before = "public partial class Block(Linear proj) : Module\n{\n    public MlxArray "
            + "Forward(MlxArray x) => proj.Forward(x);\n}\n";

        string after = await AnalyzedSource.Fix(Before, "DMLX011", "Store it");

        Assert.That(after, Does.Contain("public Linear Proj { get; } = proj;").And.Contain("=> Proj.Forward(x);"));
        Assert.That(await AnalyzedSource.Diagnose(after), Is.Empty);
    }
}
