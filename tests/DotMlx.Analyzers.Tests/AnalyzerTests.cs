using Microsoft.CodeAnalysis;

namespace DotMlx.Analyzers.Tests;

/// <summary>
/// The analyzers report each mistake at its location with its replacement, and don't report code that only looks similar.
/// </summary>
internal sealed class AnalyzerTests
{
    private const string Model =
        "public partial class Net : Module { public Linear Layer { get; } = new(2, 2); public MlxArray "
        + "Forward(MlxArray x) => Layer.Forward(x); }\n";

    [TestCase("DMLX012", "Mx.ArgMax(o) == y", "Mx.Equal(a, b)",
        "class P { MlxArray Accuracy(MlxArray o, MlxArray y) => Mx.Mean(Mx.ArgMax(o) == y); }")]
    [TestCase("DMLX012", "a != b", "Mx.NotEqual(a, b)",
        "class P { bool Differ(MlxArray a, MlxArray b) => a != b; }")]
    [TestCase("DMLX013", "factor", "no effect",
        "class P { void M(MlxArray factor) { var f = Mx.Compile((MlxArray a) => a * factor); f(1); factor = 3f; f(1); } }")]
    [TestCase("DMLX013", "factor", "make it a parameter",
        "class P { void M() { MlxArray factor = 2f; var f = Mx.Compile((MlxArray a) => a * factor); } }")]
    [TestCase("DMLX013", "_mask", "make it a parameter",
        "class P { MlxArray _mask = Mx.Ones(2); Func<MlxArray, MlxArray> M() => Mx.Compile((MlxArray a) => a * _mask); }")]
    [TestCase("DMLX014", "model", "uses the model 'model', which is not among its inputs: write Mx.Compile(function, [model], [model])",
        Model + "class P { void M(Net model) { var f = Mx.Compile((MlxArray a) => model.Forward(a)); } }")]
    [TestCase("DMLX014", "optimizer", "uses the optimizer 'optimizer', which is not among its inputs",
        Model + "class P { void M(Net model, Adam optimizer) { var f = Mx.Compile((TreeDictionary g, MlxArray a) => { "
        + "optimizer.Update(model, g); return a; }, [model], [model]); } }")]
    [TestCase("DMLX014", "optimizer", "not among its outputs",
        Model + "class P { void M(Net model, Adam optimizer) { var f = Mx.Compile((TreeDictionary g, MlxArray a) => { "
        + "optimizer.Update(model, g); return a; }, [model, optimizer], [model]); } }")]
    [TestCase("DMLX015", "optimizer.Update(model, gradients)", "Mx.Eval(model.Parameters(), optimizer.State)",
        Model + "class P { void M(Net model, Adam optimizer, TreeDictionary gradients) { for (int i = 0; i < 9; i++) { "
        + "optimizer.Update(model, gradients); } } }")]
    [TestCase("DMLX015", "optimizer.Update(model, gradients)", "once per step",
        Model + "class P { void M(Net model, Adam optimizer, Func<(MlxArray, TreeDictionary)> step) { while (true) { (MlxArray loss, "
        + "TreeDictionary gradients) = step(); optimizer.Update(model, gradients); Mx.Eval(loss); } } }")]
    [TestCase("DMLX016", "a * 2", "scope.Keep(a * 2)",
        "class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); return a * 2; } }")]
    [TestCase("DMLX016", "b", "scope.Keep(b)",
        "class P { MlxArray M(MlxArray a) { using (MlxScope scope = MlxScope.Begin()) { MlxArray b = Mx.Exp(a); return b; } } }")]
    [TestCase("DMLX016", "total + a", "scope.Keep(total + a)",
        "class P { void M(MlxArray a) { MlxArray total = 0; for (int i = 0; i < 3; i++) { using var scope = MlxScope.Begin(); total = total + a; } } }")]
    [TestCase("DMLX016", "Mx.Sum(a)", "scope.Keep(Mx.Sum(a))",
        "class P { MlxArray? _last; void M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); _last = Mx.Sum(a); } }")]
    public async Task AMistakeIsReportedWithItsFix(string id, string at, string advice, string source)
    {
        Diagnostic[] found = await AnalyzedSource.Diagnose(source);

        Assert.That(found.Select(d => d.Id), Is.EqualTo(new[] { id }), string.Join('\n', found.Select(d => d.ToString())));
        Assert.That(found[0].GetMessage(), Does.Contain(advice));
        Assert.That(found[0].Location.SourceTree!.GetText().ToString(found[0].Location.SourceSpan), Is.EqualTo(at));
    }

    [TestCase("class P { bool M(MlxArray? a, MlxArray b) => a == null || b is null || null != a || ReferenceEquals(a, b) || (object)a == b; }")]
    [TestCase("class P { void M(MlxArray x) { var f = Mx.Compile((MlxArray a, MlxArray b) => { MlxArray c = a * b; return c + 1; }); f(x, x); } }")]
    [TestCase("class P { void M() { MlxArray? seen = null; var f = Mx.Compile((MlxArray a) => { seen = a; return a + 1; }); } }")]
    [TestCase("class P { void M(float factor) { var f = Mx.Compile((MlxArray a) => a * factor); } }")]
    [TestCase("class P { void M(MlxArray w) { var f = Mx.Grad((MlxArray a) => Mx.Sum(a * w)); } }")]
    [TestCase(Model + "class P { void M(Net model) { var f = Mx.Compile((MlxArray a) => model.Forward(a), [model]); } }")]
    [TestCase(Model + "class P { void M(Net model, IMlxState[] state) { var f = Mx.Compile((MlxArray a) => "
        + "model.Forward(a), state, state); } }")]
    [TestCase(Model + "class P { void M(Net model, IMlxState all) { var f = Mx.Compile((MlxArray a) => "
        + "model.Forward(a), [all], [all]); } }")]
    [TestCase(Model + "class P { void M() { var f = Mx.Compile((MlxArray a) => { Net model = new(); return model.Forward(a); }); } }")]
    [TestCase(Model + "class P { void M(Net model, Adam optimizer) { var f = Mx.Compile((TreeDictionary g, MlxArray a) => { "
        + "optimizer.Update(model, g); return a; }, [model, optimizer, Mx.Random.State], [model, optimizer, Mx.Random.State]); } }")]
    [TestCase(Model + "class P { void M(Net model, Adam optimizer, TreeDictionary g) { for (int i = 0; i < 9; i++) { "
        + "optimizer.Update(model, g); Mx.Eval(model.Parameters(), optimizer.State); } } }")]
    [TestCase(Model + "class P { void M(Net model, Adam optimizer, TreeDictionary g) { optimizer.Update(model, g); } }")]
    [TestCase(Model + "class P { void M(Net model, Adam optimizer, TreeDictionary g) { foreach (int i in new[] { 1, 2 }) { "
        + "optimizer.Update(model, g); Done(model, optimizer); } } static void Done(Net m, Adam o) => Mx.Eval(m.Parameters(), o.State); }")]
    [TestCase(Model + "class P { void M(Net model, Adam optimizer, TreeDictionary g) { for (;;) { optimizer.Update(model, g); Tree state "
        + "= new TreeList { model.Parameters(), optimizer.State }; Mx.Eval(state); } } }")]
    [TestCase("class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); MlxArray b = a * 2; return scope.Keep(b + 1); } }")]
    [TestCase("class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); MlxArray b = a * 2; scope.Keep(b); return b; } }")]
    [TestCase("class P { MlxArray M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); return a; } }")]
    [TestCase("class P { float M(MlxArray a) { using MlxScope scope = MlxScope.Begin(); MlxArray sum = Mx.Sum(a); sum = sum * 2; return sum.Item<float>(); } }")]
    [TestCase("class P { MlxArray M(MlxArray a) { float sum; using (MlxScope scope = MlxScope.Begin()) { sum = Mx.Sum(a).Item<float>(); } return a * sum; } }")]
    [TestCase("class P { void M(MlxArray a) { MlxArray total = 0; using var scope = MlxScope.Begin(); total = a + 1; scope.Keep(total); } }")]
    [TestCase("class P { Func<MlxArray, MlxArray> M() { using var scope = MlxScope.Begin(); return a => a + 1; } }")]
    public async Task CorrectCodeIsNotReported(string source)
    {
        Diagnostic[] found = await AnalyzedSource.Diagnose(source);

        Assert.That(found.Select(d => d.ToString()), Is.Empty);
    }

    [Test]
    public async Task AConstantThatIsCapturedIsOnlyAHint()
    {
        Diagnostic[] constant =
            await AnalyzedSource.Diagnose("class P { void M(MlxArray mask) { var f = Mx.Compile((MlxArray a) => a * mask); } }");
        Diagnostic[] variable =
            await AnalyzedSource.Diagnose("class P { void M(MlxArray mask) { var f = Mx.Compile((MlxArray a) => a * mask); mask = 1; } }");

        Assert.That(constant.Single().Severity, Is.EqualTo(DiagnosticSeverity.Info));
        Assert.That(variable.Single().Severity, Is.EqualTo(DiagnosticSeverity.Warning));
    }
}
