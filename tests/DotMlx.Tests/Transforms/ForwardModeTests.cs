namespace DotMlx.Tests.Transforms;

/// <summary>Compares tangents with differences, for operations whose rules MLX lacks or has wrong.</summary>
public class ForwardModeTests
{
    private static readonly (string Name, Func<MlxArray, MlxArray> Function)[] Functions =
    [
        ("arctan2 by a constant", x => Mx.Arctan2(x, 2)),
        ("arctan2 of a constant", x => Mx.Arctan2(MlxArray.Create<float>([1, 2, 3, 4], 2, 2), x)),
        ("arctan2 of both", x => Mx.Arctan2(x, x * x)),
        ("slice_update of a constant", x => Mx.SliceUpdate(Mx.Zeros(3, 3), x, MlxArray.Create<int>([1, 0]), [0, 1])),
        ("slice_update by a constant", x => Mx.SliceUpdate(x, Mx.Ones(1, 1), MlxArray.Create<int>([1, 0]), [0, 1]) * x),
        ("slice", x => Mx.Slice(x * x, MlxArray.Create<int>([1]), [0], [1, 2])),
        ("tril", x => Mx.Tril(x * x)), ("triu", x => Mx.Triu(Mx.Sin(x))), ("where", x => Mx.Where(x > 1, x * x, 3)),
        ("nan_to_num", x => Mx.NanToNum(x * 2)),
        ("logsumexp", x => Mx.LogSumExp(x, 0)), ("softmax", x => Mx.Softmax(x, 0)), ("max", x => Mx.Max(x, 1)),
        ("sort", x => Mx.Sort(x, 1) * MlxArray.Create<float>([1, 10])),
        ("median", x => Mx.Median(x * x, 1)), ("cumprod", x => Mx.CumProd(x, 0)), ("logcumsumexp", x => Mx.LogCumSumExp(x, 1)),
        ("matmul", x => Mx.MatMul(x, x)),
        ("clip", x => Mx.Clip(x, 0.5, 1.5)), ("take", x => Mx.Take(x, MlxArray.Create<int>([1, 1, 0]), 0)),
        ("concatenate", x => Mx.Concatenate([x, Mx.Ones(1, 2), x * x])),
        ("write", x => { var y = x * 1; y[0] = x[1] * x[1]; return y; }),
        ("mask", x => { var y = x * 1; y[Mx.Greater(x, 1)] = 0; return y; }),
        ("gradient of a choice", x => Mx.Grad((MlxArray y) => Mx.Sum(Mx.Where(y > 1, y * y * y, y)))(x)),
        ("norm", x => Mx.Linalg.Norm(x, axis: 1)),
        ("conv", x => Mx.Conv1d(x.Reshape(1, 2, 2), Mx.Ones(3, 1, 2)) * x.Sum()), ("power", x => Mx.Power(x, 3)),
        ("abs", x => Mx.Abs(x - 1.3)),
        ("layer norm", x => Mx.Fast.LayerNorm(x, null, null, 1e-5)),
    ];

    [TestCaseSource(nameof(Functions))]
    public void TangentsAreTheDifferences((string Name, Func<MlxArray, MlxArray> Function) item)
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([1.7f, 0.6f, 0.9f, 2.1f], 2, 2);
        MlxArray tangent = MlxArray.Create<float>([0.5f, -1f, 2f, 0.25f], 2, 2);
        var (output, jvp) = Mx.Jvp(item.Function, x, tangent);
        const float Step = 1e-3f;
        MlxArray difference = (item.Function(x + (tangent * Step)) - item.Function(x - (tangent * Step))) / (2 * Step);
        Assert.Multiple(() =>
        {
            Assert.That(jvp.Shape.ToArray(), Is.EqualTo(output.Shape.ToArray()));
            Assert.That(output.ToArray<float>(), Is.EqualTo(item.Function(x).ToArray<float>()).Within(1e-5));
            Assert.That(jvp.ToArray<float>(), Is.EqualTo(difference.ToArray<float>()).Within(2e-2), item.Name);
        });
    }

    private static readonly (string Name, Func<MlxArray, MlxArray, MlxArray> Function)[] FunctionsOfTwo =
    [
        ("add", (x, y) => x + y), ("subtract", (x, y) => x - y), ("multiply", (x, y) => x * y), ("divide", (x, y) => x / y),
        ("maximum", (x, y) => Mx.Maximum(x, y)), ("logaddexp", (x, y) => Mx.LogAddExp(x, y)), ("power", (x, y) => Mx.Power(x, y)),
        ("matmul", (x, y) => Mx.MatMul(x, y)),
        ("sum of three", (x, y) => x + y + x), ("left only", (x, y) => x * 2), ("right only", (x, y) => Mx.Sin(y)),
        ("stopped", (x, y) => x + (y * Mx.StopGradient(Mx.Full([], 3f)))), ("stack", (x, y) => Mx.Stack([x, y])),
        ("gradient of a sum", (x, y) => Mx.Vjp(v => [v[0] + v[1]], [x, y], [x * y]).Vjps[0]),
    ];

    private static IEnumerable<TestCaseData> OfTwo() => FunctionsOfTwo.Select(each => new TestCaseData(each).SetArgDisplayNames(each.Name));

    [TestCaseSource(nameof(OfTwo))]
    public void TangentsOfTwoArgumentsAreTheDifferences((string Name, Func<MlxArray, MlxArray, MlxArray> Function) item)
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([1.7f, 0.6f, 0.9f, 2.1f], 2, 2);
        MlxArray y = MlxArray.Create<float>([0.7f, 1.6f, 1.9f, 0.3f], 2, 2);
        MlxArray dx = MlxArray.Create<float>([0.5f, -1f, 2f, 0.25f], 2, 2);
        MlxArray dy = MlxArray.Create<float>([-1.5f, 0.5f, 1f, 0.75f], 2, 2);
        const float Step = 1e-3f;
        MlxArray jvp = Mx.Jvp(v => [item.Function(v[0], v[1])], [x, y], [dx, dy]).Jvps[0];
        MlxArray after = item.Function(x + (dx * Step), y + (dy * Step));
        MlxArray difference = (after - item.Function(x - (dx * Step), y - (dy * Step))) / (2 * Step);
        Assert.That(jvp.ToArray<float>(), Is.EqualTo(difference.ToArray<float>()).Within(2e-2));
    }

    [Test]
    public void AnArrayThatIsReturnedTwiceHasBothCotangents()
    {
        using var scope = MlxScope.Begin();
        MlxArray[] cotangents = [Mx.Full([], 1f), Mx.Full([], 10f)];
        MlxArray Vjp(Func<MlxArray, MlxArray> fun) => Mx.Vjp(
            v =>
            {
                MlxArray output = fun(v[0]);
                return [output, output];
            },
            [Mx.Ones([])], cotangents).Vjps[0];
        Assert.That(Vjp(x => x * 2).Item<float>(), Is.EqualTo(22));
        Assert.That(Vjp(x => x).Item<float>(), Is.EqualTo(11));

        // The gradients of both operands of a sum.
        MlxArray[] second = Mx.Vjp(v => Mx.Vjp(w => [w[0] + w[1]], [Mx.Ones([]), Mx.Ones([])], v).Vjps, [Mx.Ones([])], cotangents).Vjps;
        Assert.That(second[0].Item<float>(), Is.EqualTo(11));
    }

    [Test]
    public void TheFunctionRunsOnce()
    {
        using var scope = MlxScope.Begin();
        int runs = 0;
        var (outputs, jvps) = Mx.Jvp(
            inputs =>
            {
                runs++;
                return [inputs[0] * inputs[1], inputs[1], Mx.Ones(2), Mx.ArgMax(inputs[0])];
            },
            [MlxArray.Create<float>([1, 2]), MlxArray.Create<float>([3, 4])],
            [MlxArray.Create<float>([1, 0]), MlxArray.Create<float>([0, 1])]);
        Assert.Multiple(() =>
        {
            Assert.That(runs, Is.EqualTo(1));
            Assert.That(outputs[0].ToArray<float>(), Is.EqualTo(new float[] { 3, 8 }));
            Assert.That(jvps[0].ToArray<float>(), Is.EqualTo(new float[] { 3, 2 }));
            Assert.That(jvps[1].ToArray<float>(), Is.EqualTo(new float[] { 0, 1 }));
            Assert.That(jvps[2].ToArray<float>(), Is.All.Zero);
            Assert.That(jvps[3].Item<uint>(), Is.Zero);
        });
    }

    [Test]
    public void StoppedGradientsHaveNoTangent()
    {
        using var scope = MlxScope.Begin();
        var (outputs, jvps) = Mx.Jvp(x => [Mx.StopGradient(x[0] * 2), x[0] * 3], [MlxArray.Create<float>([5])], [Mx.Ones(1)]);
        Assert.That(outputs[0].Item<float>(), Is.EqualTo(10));
        Assert.That(jvps[0].Item<float>(), Is.Zero);
        Assert.That(jvps[1].Item<float>(), Is.EqualTo(3));
    }

    [Test]
    public void ComplexFunctionsHaveComplexTangents()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<Complex64>([new(1, 2)]);
        MlxArray tangent = MlxArray.Create<Complex64>([new(0.5f, -1)]);
        Complex64 jvp = Mx.Jvp(z => z * z, x, tangent).Jvp.Item<Complex64>();
        Assert.That(jvp.Real, Is.EqualTo(5).Within(1e-5));
        Assert.That(jvp.Imaginary, Is.EqualTo(0).Within(1e-5));
    }

    [Test]
    public void IntegersHaveTangents()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<int>([0, 1, 2, 3]);
        MlxArray tangent = MlxArray.Create<int>([3, 2, 1, 0]);
        int Along(Func<MlxArray, MlxArray> function) => Mx.Jvp(function, x, tangent).Jvp.Item<int>();
        Assert.Multiple(() =>
        {
            Assert.That(Along(a => Mx.Sum(a)), Is.EqualTo(6));
            Assert.That(Along(a => Mx.Sum(a * a * 2)), Is.EqualTo(16));
            Assert.That(Along(a => Mx.Prod(a)), Is.EqualTo(18));
            Assert.That(Along(a => Mx.Min(a)), Is.EqualTo(3));
            Assert.That(Along(a => Mx.Max(a)), Is.Zero);
            Assert.That(Mx.Jvp(a => Mx.Sum(Mx.Sqrt(a + 1)), x, Mx.OnesLike(x)).Jvp.Item<float>(), Is.EqualTo(1.3922285f).Within(1e-6));
            Assert.That(
                () => Mx.Jvp(a => Mx.Sum(a), x, Mx.Ones(4) * 0.5),
                Throws.ArgumentException.With.Message.Contains("int32").And.Message.Contains("AsType(DType.Float32)"));
            Assert.That(Mx.Jvp(a => Mx.Sum(a), x.AsType(DType.Int64), tangent.AsType(DType.Int64)).Jvp.Item<long>(), Is.EqualTo(6));
        });
    }

    [Test]
    public void ComparisonsHaveTangentsOfZerosInTheDTypeOfTheInput([Values(DType.Float32, DType.Float16)] DType dtype)
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([1, -2, 3]).AsType(dtype);
        foreach (Func<MlxArray, MlxArray> function in new Func<MlxArray, MlxArray>[]
        {
            a => Mx.Greater(a, 0), a => Mx.Less(a, 0), a => Mx.Equal(a, 0), a => Mx.GreaterEqual(a, 0), a => Mx.LessEqual(a, 0),
            a => Mx.NotEqual(a, 0), a => Mx.IsNaN(a),
        })
        {
            MlxArray jvp = Mx.Jvp(function, x, Mx.OnesLike(x)).Jvp;
            Assert.That(jvp.DType, Is.EqualTo(dtype));
            Assert.That(jvp.AsType(DType.Float32).ToArray<float>(), Is.EqualTo(new float[3]));
        }
    }

    [Test]
    public void RulesOfGradientsAreNoTangents()
    {
        using var scope = MlxScope.Begin();
        MlxArray x = MlxArray.Create<float>([1, 2]);
        CustomFunction cube = new(a => [a[0] * a[0] * a[0]]) { Vjp = (primals, _, _) => [Mx.OnesLike(primals[0]) * 42] };
        MlxArray Call(MlxArray a) => cube.Invoke(a)[0];
        MlxArray Gradient(MlxArray a) => Mx.Grad((MlxArray b) => Mx.Sum(Call(b) * b))(a);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Jvp(Call, x, Mx.Ones(2)).Jvp.ToArray<float>(), Is.EqualTo(new float[] { 3, 12 }));
            Assert.That(Mx.Jvp(a => Call(a) * a, x, Mx.Ones(2)).Jvp.ToArray<float>(), Is.EqualTo(new float[] { 4, 32 }));

            // The gradient is 42 + x^3 by the rule.
            Assert.That(Gradient(x).ToArray<float>(), Is.EqualTo(new float[] { 43, 50 }));
            Assert.That(Mx.Jvp(a => Mx.Jvp(Call, a, Mx.Ones(2)).Jvp, x, Mx.Ones(2)).Jvp.ToArray<float>(),
                Is.EqualTo(new float[] { 6, 12 }));
        });
    }

    [Test]
    public void WrongTangentsAreNamed()
    {
        using var scope = MlxScope.Begin();
        Assert.That(() => Mx.Jvp(x => x, Mx.Ones(2), Mx.Ones(3)), Throws.ArgumentException.With.Message.Contains("(3)"));
        Assert.That(() => Mx.Jvp(x => x, [Mx.Ones(2)], []), Throws.ArgumentException);
    }
}
