namespace DotMlx.Tests.Transforms;

/// <summary>Checkpoint, custom functions and vmap.</summary>
[TestFixture]
public class TransformTests
{
    [Test]
    public void CheckpointRunsAgainForTheGradient()
    {
        int runs = 0;
        var f = Mx.Checkpoint((MlxArray a) =>
        {
            runs++;
            return Mx.Exp(a * 2);
        });
        using MlxArray x = MlxArray.Create<float>([0, 1], 2);
        Assert.That(f(x).ToArray<float>()[0], Is.EqualTo(1));
        Assert.That(runs, Is.EqualTo(1));
        MlxArray gradient = Mx.Grad((MlxArray a) => f(a).Sum())(x);
        Assert.That(gradient.ToArray<float>()[0], Is.EqualTo(2));
        Assert.That(runs, Is.EqualTo(3));

        var structured = Mx.Checkpoint((Tree t, int power) => (Tree)new TreeDictionary { ["y"] = Mx.Power(t["x"].Array, power) });
        Assert.That(Mx.Grad((MlxArray a) => structured(new TreeDictionary { ["x"] = a }, 3)["y"].Array.Sum())(x)
            .ToArray<float>(), Is.EqualTo(new float[] { 0, 3 }));
    }

    [Test]
    public void CustomGradientsAreUsed()
    {
        CustomFunction f = new(x => [Mx.Exp(x[0]) * x[1]])
        {
            Vjp = (primals, cotangents, outputs) => [cotangents[0] * 7 + outputs[0] * 0, primals[1] * 0 + 5],
        };
        using MlxArray a = MlxArray.Create<float>([1, 2], 2);
        using MlxArray b = MlxArray.Create<float>([3, 4], 2);
        Golden.AssertClose(f.Invoke(a, b)[0], Mx.Exp(a) * b);
        MlxArray[] gradients = Mx.Grad((x, y) => f.Invoke(x, y)[0].Sum(), [0, 1])(a, b);
        Assert.That(gradients[0].ToArray<float>(), Is.EqualTo(new float[] { 7, 7 }));
        Assert.That(gradients[1].ToArray<float>(), Is.EqualTo(new float[] { 5, 5 }));

        // Without rules, or with only an unrelated rule, the derivative is the function's own.
        f.Vjp = null;
        Golden.AssertClose(Mx.Grad((x, y) => f.Invoke(x, y)[0].Sum())(a, b), Mx.Exp(a) * b);
        f.Jvp = (primals, tangents) => [tangents[0]! * 100];
        Golden.AssertClose(Mx.Grad((x, y) => f.Invoke(x, y)[0].Sum())(a, b), Mx.Exp(a) * b);
        (_, MlxArray jvp) = Mx.Jvp(x => f.Invoke(x, b)[0], a, a);
        Assert.That(jvp.ToArray<float>(), Is.EqualTo(new float[] { 100, 200 }));
    }

    [Test]
    public void WrongRulesAreNamedAndExceptionsComeOut()
    {
        using MlxArray a = MlxArray.Create<float>([1, 2], 2);
        MlxArray Run(CustomVjp rule) => Mx.Grad((MlxArray x) => new CustomFunction(y => [y[0] * 2]) { Vjp = rule }.Invoke(x)[0].Sum())(a);
        Assert.That(() => Run((_, _, _) => []), Throws.InvalidOperationException.With.Message.Contains("1 in all"));
        Assert.That(() => Run((_, _, _) => null!), Throws.InvalidOperationException);
        Assert.That(() => Run((_, c, _) => [c[0].Sum()]), Throws.InvalidOperationException.With.Message.Contains("(2)"));
        Assert.That(() => Run((_, _, _) => throw new FormatException("100 %s%n")),
            Throws.TypeOf<FormatException>().With.Message.EqualTo("100 %s%n"));
        Assert.That(() => new CustomFunction(_ => []) { Vjp = (_, _, _) => [] }.Invoke(a), Throws.InvalidOperationException);
    }

    [Test]
    [RequiresMlx("vmap")]
    public void VmapMapsOverAxes()
    {
        using MlxArray m = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 3);
        using MlxArray v = MlxArray.Create<float>([1, 10, 100], 3);
        MlxArray Dot(MlxArray a, MlxArray b) => (a * b).Sum();
        Assert.That(Mx.Vmap(Dot, [0, null])(m, v).ToArray<float>(), Is.EqualTo(new float[] { 321, 654 }));
        Assert.That(Mx.Vmap((MlxArray a) => a.Sum(), inAxes: 1)(m).ToArray<float>(), Is.EqualTo(new float[] { 5, 7, 9 }));
        Assert.That(Mx.Vmap((MlxArray a) => a.Sum(), inAxes: -1)(m).ToArray<float>(), Is.EqualTo(new float[] { 5, 7, 9 }));
        Assert.That(Mx.Vmap((MlxArray a) => a * 2, outAxes: -1)(m).Shape.ToArray(), Is.EqualTo(new[] { 3, 2 }));
        Assert.That(Mx.Vmap((MlxArray[] a) => [a[0] + a[1], a[0]], null, [1, 0])([m, m])
            .Select(r => r.Shape[0]), Is.EqualTo(new[] { 3, 2 }));
        Tree tree = Mx.Vmap((Tree t) => (Tree)new TreeDictionary { ["s"] = t["m"].Array.Sum() })(new TreeDictionary { ["m"] = m });
        Assert.That(tree["s"].Array.ToArray<float>(), Is.EqualTo(new float[] { 6, 15 }));
        Assert.That(Mx.Vmap(Mx.Grad((MlxArray a) => (a * a).Sum()))(m).ToArray<float>(), Is.EqualTo(new float[] { 2, 4, 6, 8, 10, 12 }));
        Assert.That(() => Mx.Vmap((MlxArray a) => a, inAxes: 2)(m), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.Vmap((MlxArray a) => a, inAxes: null)(m), Throws.ArgumentException);
        Assert.That(() => Mx.Vmap(Dot)(m, v), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Vmap((MlxArray _) => throw new FormatException("x"))(m), Throws.TypeOf<FormatException>());
    }

    private static readonly (string Name, Func<MlxArray, MlxArray, MlxArray> Of)[] FunctionsOfRows =
    [
        ("add at", (x, y) => x.At[MlxArray.Create<int>([0, 0, 2])].Add(y)), ("median", (x, y) => Mx.Median(x + y, 1)),
        ("write", (x, y) => { MlxArray z = x * 1; z[MlxArray.Create<int>([2, 0])] = y[..2]; return z; }),
        ("attention", (x, y) => Mx.Fast.ScaledDotProductAttention(Heads(x), Heads(y), Heads(x + y), 0.5)),
        ("quotient", (x, y) => Mx.DivMod(x - 0.5f, y).Quotient), ("remainder", (x, y) => Mx.DivMod(x - 0.5f, y).Remainder),
        ("tri_inv", (x, y) => Mx.Linalg.TriInv(x, stream: Cpu)), ("upper tri_inv", (x, y) => Mx.Linalg.TriInv(x, true, Cpu)),
        ("solve_triangular", (x, y) => Mx.Linalg.SolveTriangular(x, y, stream: Cpu)),
        ("cholesky_inv", (x, y) => Mx.Linalg.CholeskyInv(x, stream: Cpu)),
    ];

    private static MlxStream Cpu => DeviceType.Cpu;

    private static MlxArray Heads(MlxArray x) => x[Mx.NewAxis, Mx.NewAxis];

    private static IEnumerable<TestCaseData> OfRows() =>
        FunctionsOfRows.Select(each => new TestCaseData(each).SetArgDisplayNames(each.Name));

    [TestCaseSource(nameof(OfRows))]
    [RequiresMlx("vmap")]
    public void VmapOverDifferentAxesIsALoop((string Name, Func<MlxArray, MlxArray, MlxArray> Of) function)
    {
        using var scope = MlxScope.Begin();
        MlxArray x = Mx.Random.Uniform(0.2, 0.9, [3, 3, 3], key: Mx.Random.Key(1));
        MlxArray y = Mx.Random.Uniform(0.2, 0.9, [3, 3, 3], key: Mx.Random.Key(2));
        foreach ((int ofX, int ofY) in ((int, int)[])[(0, 0), (2, 1), (1, 2)])
        {
            MlxArray Item(MlxArray a, int axis, int i) => Mx.MoveAxis(a, axis, 0)[i];
            MlxArray loop = Mx.Stack([.. Enumerable.Range(0, 3).Select(i => function.Of(Item(x, ofX, i), Item(y, ofY, i)))]);
            MlxArray vectorized = Mx.Vmap(function.Of, [ofX, ofY])(x, y);
            Operations.Numbers.HasShape(vectorized, loop.Shape.ToArray());
            Operations.Numbers.AreClose(vectorized, loop);
        }
    }

    [Test]
    [RequiresMlx("vmap")]
    public void CustomVmapIsUsed()
    {
        CustomFunction f = new(x => [x[0] * 2]) { Vmap = (inputs, axes) => ([inputs[0] * 10], axes) };
        using MlxArray m = MlxArray.Create<float>([1, 2, 3, 4], 2, 2);
        Assert.That(Mx.Vmap((MlxArray a) => f.Invoke(a)[0])(m).ToArray<float>(), Is.EqualTo(new float[] { 10, 20, 30, 40 }));
    }
}
