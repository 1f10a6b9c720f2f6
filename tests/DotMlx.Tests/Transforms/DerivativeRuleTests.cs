using DotMlx.Tests.Operations;

namespace DotMlx.Tests.Transforms;

/// <summary>Derivatives that MLX's own rules return as 0 or in the wrong order.</summary>
public class DerivativeRuleTests
{
    [Test]
    public void DivModHasNoGradientButRemainderHas()
    {
        MlxArray a = Numbers.Row(5.5f, -5.5f, 7, 1e6f), b = Numbers.Row(2, 2, -3, 0.7f), weights = Numbers.Row(1, 2, 3, 4);
        MlxArray Weighted(MlxArray x, MlxArray y) => Mx.DivMod(x, y) is var (q, r) ? Mx.Sum((q + r) * weights) : x;
        foreach (MlxArray gradient in Mx.Grad(Weighted, [0, 1])(a, b))
        {
            Numbers.AreClose(gradient, [0, 0, 0, 0]);
        }

        (MlxArray[] _, MlxArray[] jvps) = Mx.Jvp(x => Mx.DivMod(x[0], b) is var (q, r) ? [q, r] : [], [a], [weights]);
        Assert.That(jvps.SelectMany(jvp => jvp.ToArray<float>()).ToArray(), Is.EqualTo(new float[8]));

        MlxArray[] gradients = Mx.Grad((MlxArray x, MlxArray y) => Mx.Sum(Mx.Remainder(x, y) * weights), [0, 1])(a, b);
        Numbers.AreClose(gradients[0], weights);
        Numbers.AreClose(gradients[1], -Mx.FloorDivide(a, b) * weights);
    }

    [Test]
    [RequiresMlx("vmap")]
    public void DivModHasNoGradientInsideALoop()
    {
        MlxArray a = Numbers.Row(5.5f, -5.5f, 7);
        Func<MlxArray, MlxArray> gradient = Mx.Grad((MlxArray x) => Mx.DivMod(x, 2f) is var (q, r) ? q + r : x);
        Numbers.AreClose(Mx.Vmap(gradient)(a), [0, 0, 0]);
    }

    [Test]
    public void ValuesThatFillAnArrayHaveAGradient()
    {
        MlxArray x = Numbers.Row(3, 5), weights = Numbers.Array(1, 4, 2);
        foreach (Func<MlxArray, MlxArray> fill in (Func<MlxArray, MlxArray>[])
            [a => Mx.Full([4, 2], a), a => Mx.FullLike(weights, a), a => Mx.Full([4, 2], a, DType.Float32)])
        {
            Numbers.AreClose(Mx.Grad((MlxArray a) => Mx.Sum(fill(a) * weights))(x), Mx.Sum(weights, 0));
            Numbers.AreClose(Mx.Jvp(fill, x, x).Jvp, Mx.BroadcastTo(x, 4, 2));
        }
    }

    [Test]
    public void TheNumberThatPadsHasAGradient()
    {
        MlxArray x = Numbers.Array(1, 2, 3), weights = Numbers.Array(2, 4, 5), number = MlxArray.Scalar(0.5f);
        MlxArray Padded(MlxArray a, MlxArray value) => Mx.Pad(a, 1, constantValues: value);
        MlxArray[] gradients = Mx.Grad((MlxArray a, MlxArray value) => Mx.Sum(Padded(a, value) * weights), [0, 1])(x, number);
        Numbers.AreClose(gradients[0], weights[1..3, 1..4]);
        Numbers.AreClose(gradients[1], [Mx.Sum(weights).Item<float>() - Mx.Sum(weights[1..3, 1..4]).Item<float>()]);
        Numbers.AreClose(Mx.Grad((MlxArray a) => Mx.Sum(Padded(a, Mx.Max(a)) * weights))(x).Reshape(-1)[..1], weights[1, 1..2]);
        (MlxArray value, MlxArray tangent) = Mx.Jvp(a => Padded(x, a), number, Mx.Ones([], DType.Float32));
        Numbers.AreClose(value, Padded(x, number));
        Numbers.AreClose(tangent, 1 - Mx.Pad(Mx.Ones(2, 3), 1));
    }

    [Test]
    [RequiresMlx("gather_mm and segmented_mm")]
    public void ProductsOfSelectedMatricesHaveDerivatives()
    {
        MlxArray a = Numbers.Array(1, 2, 3, 4), b = Numbers.Array(2, 3, 4, 5), direction = Numbers.Array(3, 3, 4, 5);
        MlxArray left = Numbers.Ints(1, 0, 1, 1), right = Numbers.Ints(2, 0, 2, 1);
        Numbers.AreClose(
            Mx.Jvp(x => Mx.GatherMM(a, x, left, right), b, direction).Jvp, Mx.MatMul(a[left], direction[right]));
        Numbers.AreClose(
            Mx.Jvp(x => Mx.GatherMM(x, b, left, right), a, a * 2).Jvp, Mx.MatMul(a[left] * 2, b[right]));

        // The sum of squares is quadratic, so that its second derivative along a direction is twice the product's square.
        MlxArray Energy(MlxArray x) => Mx.Sum(Mx.Square(Mx.GatherMM(a, x, left, right)));
        MlxArray curvature = Mx.Grad((MlxArray x) => Mx.Sum(Mx.Grad(Energy)(x) * direction))(b);
        Numbers.AreClose(Mx.Sum(curvature * direction), 2 * Mx.Sum(Mx.Square(Mx.MatMul(a[left], direction[right]))), 1e-4);

        MlxArray m = Numbers.Array(4, 2, 5), n = Numbers.Array(5, 5, 3), weights = Numbers.Array(6, 2, 2, 3);
        MlxArray segments = MlxArray.Create<int>([0, 2, 2, 5], 2, 2);
        MlxArray[] gradients = Mx.Grad((MlxArray x, MlxArray y) => Mx.Sum(Mx.SegmentedMM(x, y, segments) * weights), [0, 1])(m, n);
        MlxArray Parts(MlxArray x, MlxArray y) => Mx.Stack([Mx.MatMul(x[.., ..2], y[..2]), Mx.MatMul(x[.., 2..], y[2..])]);
        MlxArray[] expected = Mx.Grad((MlxArray x, MlxArray y) => Mx.Sum(Parts(x, y) * weights), [0, 1])(m, n);
        Numbers.AreClose(gradients[0], expected[0]);
        Numbers.AreClose(gradients[1], expected[1]);
    }

    [Test]
    public void AMissingRuleIsExplained()
    {
        MlxArray x = Numbers.Row(1, 3, 2);
        MlxException? error = Assert.Throws<MlxException>(() => Mx.Grad((MlxArray a) => Mx.Sum(Mx.CumMax(a)))(x));
        Assert.That(error!.Message, Does.Contain("MLX has no gradient of CumMax").And.Contain("Mx.StopGradient"));
        error = Assert.Throws<MlxException>(() => Mx.Grad((MlxArray a) => Mx.Sum(a.At[Numbers.Ints(0, 1)].Multiply(2)))(x));
        Assert.That(error!.Message, Does.Contain("no gradient of products at positions"));
        if (!LibraryInUse.IsReference)
        {
            error = Assert.Throws<MlxException>(
                () => Mx.Grad((MlxArray a) => Mx.Sum(Mx.Linalg.Inv(Mx.Diag(a), DeviceType.Cpu)))(x));
            Assert.That(error!.Message, Does.Contain("MLX has no gradient of the operation Inverse.").And.Not.Contain("Primitive"));
        }
    }

    [Test]
    public void ACheckpointWithoutAnArrayIsRefused()
    {
        Assert.That(() => Mx.Checkpoint((MlxArray _) => (MlxArray)null!)(Numbers.Row(1)), Throws.InvalidOperationException);
        Func<MlxArray[], MlxArray[]> nothing = Mx.Checkpoint((MlxArray[] _) => Array.Empty<MlxArray>());
        Assert.That(() => Mx.Grad((MlxArray a) => Mx.Sum(nothing([a]).Single()))(Numbers.Row(1)), Throws.InvalidOperationException);
    }

    [Test]
    public void TheMagnitudeOfComplexNumbersHasASecondDerivative()
    {
        MlxArray Magnitude(MlxArray x) => Mx.Abs(Complex(x));
        Func<MlxArray, MlxArray> gradient = Mx.Grad(Magnitude);
        foreach ((float re, float im) in ((float, float)[])[(3, -4), (0, 2), (3e20f, -4e20f)])
        {
            // The Hessian of the length of (x, y) is ((y², -xy), (-xy, x²)) / r³.
            MlxArray at = Numbers.Row(re, im);
            double r = Math.Sqrt((double)re * re + (double)im * im);
            Assert.That(Magnitude(at).Item<float>(), Is.EqualTo((float)r).Within(1e-6 * r));
            Numbers.AreClose(gradient(at), [re / r, im / r]);
            Numbers.AreClose(Mx.Grad((MlxArray x) => gradient(x)[0])(at) * (float)r, [im * (double)im / r / r, -re * (double)im / r / r]);
            Numbers.AreClose(Mx.Grad((MlxArray x) => gradient(x)[1])(at) * (float)r, [-re * (double)im / r / r, re * (double)re / r / r]);
        }

        Numbers.AreClose(gradient(Numbers.Row(0, 0)), [0, 0]);
    }

    [Test]
    public void TheSignOfComplexNumbersHasADerivative()
    {
        // The real part of z / |z|.
        MlxArray gradient = Mx.Grad((MlxArray x) => Mx.Real(Mx.Sign(Complex(x))))(Numbers.Row(3, -4));
        Numbers.AreClose(gradient, [16 / 125.0, 12 / 125.0]);

        // CUDA kernels that MLX compiles can't convert the magnitude of a complex number.
        if (!DeviceInUse.IsGpu)
        {
            Assert.That(
                Mx.Compile((MlxArray x) => Mx.Sign(Complex(x)))(Numbers.Row(0, 0)).Item<Complex64>(), Is.EqualTo(default(Complex64)));
        }
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(null)]
    public void TheGradientOfASortReachesTheElements(int? axis)
    {
        MlxArray x = Numbers.Array(3, 4, 5);
        MlxArray weights = Mx.Reshape(Mx.Arange(1f, 21f), axis is null ? [20] : [4, 5]);
        MlxArray order = Mx.ArgSort(x, axis);
        MlxArray expected = Mx.Reshape(Mx.TakeAlongAxis(weights, Mx.ArgSort(order, axis), axis ?? 0), [4, 5]);
        Numbers.AreClose(Mx.Grad((MlxArray a) => Mx.Sum(Mx.Sort(a, axis) * weights))(x), expected);
    }

    // With equal elements, MLX's gradient reaches elements that differ from those in the result.
    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(null)]
    public void TheGradientOfAPartitionReachesTheElements(int? axis)
    {
        MlxArray x = MlxArray.Create<float>([.. Numbers.Noise(80).Select(value => MathF.Floor(value * 3))], 2, 40);
        int length = axis switch { 0 => 2, null => 80, _ => 40 };
        foreach (int k in (int[])[0, 1, length / 2, length - 1, length])
        {
            AssertPicks(a => Mx.TopK(a, k, axis), x);
            if (k < length)
            {
                AssertPicks(a => Mx.Partition(a, k, axis), x);
                AssertPicks(a => Mx.Partition(a, k - length, axis), x);
            }
        }

        Numbers.AreClose(
            Mx.Grad((MlxArray a) => Mx.Sum(Mx.Partition(a, 2) * Numbers.Row(1, 10, 100, 1000)))(Numbers.Row(3, 1, 2, 5))[3], [1000]);
    }

    // The derivative of each picked element is the square of the element, in both directions.
    private static void AssertPicks(Func<MlxArray, MlxArray> pick, MlxArray x)
    {
        (MlxArray picked, MlxArray tangent) = Mx.Jvp(pick, x, Mx.Square(x));
        Numbers.AreClose(tangent, Mx.Square(picked));
        Numbers.AreClose(Mx.Sort(picked, null), Mx.Sort(pick(x), null));

        (MlxArray[] outputs, MlxArray[] gradients) = Mx.Vjp(a => [pick(a[0])], [x], [Mx.Square(picked)]);
        Assert.That(Mx.ArrayEqual(outputs[0], picked).Item<bool>());
        Assert.That(Mx.All(Mx.LogicalOr(Mx.Equal(gradients[0], Mx.Square(x)), Mx.Equal(gradients[0], 0))).Item<bool>());
    }

    [Test]
    public void TheGradientOfAMedianReachesTheElement()
    {
        MlxArray x = MlxArray.Create<float>([3, 1, 2, 9, 8, 7], 2, 3);
        MlxArray gradient = Mx.Grad((MlxArray a) => Mx.Sum(Mx.Median(a, 1) * Numbers.Row(5, 6)))(x);
        Numbers.AreClose(gradient, MlxArray.Create<float>([0, 0, 5, 0, 6, 0], 2, 3));
    }

    [Test]
    public void AFunctionWithNaNAsAConstantCompiles()
    {
        MlxArray x = Numbers.Row(1, -2, 3);
        float[] expected = [2, float.NaN, 4];
        foreach (Func<MlxArray, MlxArray> function in (Func<MlxArray, MlxArray>[])
            [
                a => Mx.Where(a > 0, a + 1, float.NaN), a => Mx.Where(a > 0, a + 1, Mx.NaN),
                a => Mx.Where(a > 0, a + 1, MlxArray.Scalar(float.NaN)),
                a => Mx.Where(a > 0, a + 1, MlxArray.Scalar(Mx.NaN, DType.Float32)),
                a => Mx.Where(a > 0, a + 1, Mx.Full([], float.NaN)), a => Mx.Where(a > 0, a + 1, Mx.FullLike(a, float.NaN)),
                a => Mx.Where(a > 0, a + 1, (MlxArray)Half.NaN),
            ])
        {
            Assert.That(Mx.Compile(function)(x).ToArray<float>(), Is.EqualTo(expected));
            Assert.That(function(x).ToArray<float>(), Is.EqualTo(expected));
        }
    }

    private static readonly (string Name, Func<MlxArray, MlxArray> Of, Func<MlxArray, MlxArray> Derivative)[] Holomorphic =
    [
        ("exp", z => Mx.Exp(z), z => Mx.Exp(z)), ("log", z => Mx.Log(z), z => 1 / z), ("square", z => Mx.Square(z), z => z * 2),
        ("log2", z => Mx.Log2(z), z => 1 / (z * Math.Log(2))), ("log10", z => Mx.Log10(z), z => 1 / (z * Math.Log(10))),
        ("log1p", z => Mx.Log1p(z), z => 1 / (z + 1)), ("sqrt", z => Mx.Sqrt(z), z => 0.5 / Mx.Sqrt(z)),
        ("rsqrt", z => Mx.Rsqrt(z), z => -0.5 / (z * Mx.Sqrt(z))), ("sin", z => Mx.Sin(z), z => Mx.Cos(z)),
        ("cos", z => Mx.Cos(z), z => -Mx.Sin(z)), ("tan", z => Mx.Tan(z), z => 1 / Mx.Square(Mx.Cos(z))),
        ("sinh", z => Mx.Sinh(z), z => Mx.Cosh(z)), ("cosh", z => Mx.Cosh(z), z => Mx.Sinh(z)),
        ("tanh", z => Mx.Tanh(z), z => 1 / Mx.Square(Mx.Cosh(z))), ("arcsin", z => Mx.Arcsin(z), z => 1 / Mx.Sqrt(1 - z * z)),
        ("arccos", z => Mx.Arccos(z), z => -1 / Mx.Sqrt(1 - z * z)), ("arctan", z => Mx.Arctan(z), z => 1 / (1 + z * z)),
        ("power", z => Mx.Power(z, 3), z => z * z * 3), ("reciprocal", z => Mx.Reciprocal(z), z => -1 / (z * z)),
    ];

    private static IEnumerable<TestCaseData> HolomorphicCases() =>
        Holomorphic.Select(each => new TestCaseData(each.Of, each.Derivative).SetArgDisplayNames(each.Name));

    [TestCaseSource(nameof(HolomorphicCases))]
    public void TheGradientOfAFunctionOfComplexNumbersIsConjugated(Func<MlxArray, MlxArray> of, Func<MlxArray, MlxArray> derivative)
    {
        using MlxArray z = MlxArray.Create<Complex64>([new(0.5f, 0.75f), new(0.25f, -0.5f)]);
        using MlxArray cotangent = MlxArray.Create<Complex64>([new(1, -2), new(0.5f, 3)]);
        MlxArray value;
        try
        {
            value = of(z);
            Mx.Eval(value);
        }
        catch (MlxException error) when (error.Message.Contains("complex64", StringComparison.Ordinal))
        {
            Assert.Ignore($"The library has no such function of complex numbers: {error.Message}");
            return;
        }

        (MlxArray[] outputs, MlxArray[] gradients) = Mx.Vjp(x => [of(x[0])], [z], [cotangent]);
        MlxArray expected = cotangent * Mx.Conjugate(derivative(z));
        Assert.That(Mx.AllClose(outputs[0], value).Item<bool>());
        Assert.That(Mx.AllClose(gradients[0], expected, 1e-4, 1e-5).Item<bool>(), $"{gradients[0]} instead of {expected}");

        // The tangent isn't conjugated.
        (MlxArray _, MlxArray tangent) = Mx.Jvp(of, z, cotangent);
        MlxArray along = cotangent * derivative(z);
        Assert.That(Mx.AllClose(tangent, along, 1e-4, 1e-5).Item<bool>(), $"{tangent} instead of {along}");
    }

    private static MlxArray Complex(MlxArray x) => x[0] + x[1] * new System.Numerics.Complex(0, 1);
}
