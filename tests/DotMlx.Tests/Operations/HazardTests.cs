namespace DotMlx.Tests.Operations;

/// <summary>Arguments that would make MLX end the process or run forever.</summary>
public class HazardTests
{
    private static readonly MlxStream Cpu = DeviceType.Cpu;

    [Test]
    public void IntegersDividedByZeroGiveZero()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([7, -7, 8, int.MinValue, 5]);
        var b = MlxArray.Create<int>([0, 0, 2, -1, 3]);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.FloorDivide(a, b).ToArray<int>(), Is.EqualTo(new[] { 0, 0, 4, int.MinValue, 1 }));
            Assert.That(Mx.Remainder(a, b).ToArray<int>(), Is.EqualTo(new[] { 0, 0, 0, 0, 2 }));
            Assert.That((a % b).ToArray<int>(), Is.EqualTo(new[] { 0, 0, 0, 0, 2 }));
            Assert.That(Mx.DivMod(a, b).Quotient.ToArray<int>()[..2], Is.All.Zero);
            Assert.That(Mx.DivMod(a, b).Remainder.ToArray<int>()[..2], Is.All.Zero);
        });
    }

    [TestCase(DType.Int64, true)]
    [TestCase(DType.UInt64, true)]
    [TestCase(DType.Complex64, true)]
    [TestCase(DType.Float32, false)]
    [TestCase(DType.Int32, false)]
    public void MetalWritesElementsOf64BitsThroughPositionsOnTheCpu(DType dtype, bool isTooWide)
    {
        Assert.That(WideScatter.IsTooWide(dtype, MlxDevice.Gpu), Is.EqualTo(isTooWide));
        Assert.That(WideScatter.IsTooWide(dtype, MlxDevice.Cpu), Is.False);
    }

    [Test]
    public void DivisorsThatAreNotComputedYetAreSafeAsWell()
    {
        using var scope = MlxScope.Begin();
        var zeros = Mx.Arange(-1L, 2L) * 1;
        Assert.That(Mx.FloorDivide(MlxArray.Create<int>([6, 6, 6]), zeros).ToArray<int>(), Is.EqualTo(new[] { -6, 0, 6 }));
        Func<MlxArray, MlxArray> compiled = Mx.Compile((MlxArray row) => Mx.Remainder(row, row - row));
        var inside = compiled(MlxArray.Create<int>([1, 2]));
        Assert.That(inside.ToArray<int>(), Is.All.Zero);
    }

    [Test]
    public void RemaindersByZeroAreZeroOnEveryDevice()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([7, -7, 5]);
        Assert.Multiple(() =>
        {
            Assert.That((a % 0).ToArray<int>(), Is.All.Zero);
            Assert.That(Mx.FloorDivide(a, 0).ToArray<int>(), Is.All.Zero);
            Assert.That((a % -1).ToArray<int>(), Is.All.Zero);
            Assert.That(Mx.FloorDivide(a, -1).ToArray<int>(), Is.EqualTo(new[] { -7, 7, -5 }));
            Assert.That(Mx.DivMod(a, 0).Remainder.ToArray<int>(), Is.All.Zero);
            Assert.That(Mx.DivMod(7, Mx.Zeros([1], DType.UInt8)).Remainder.ToArray<byte>(), Is.All.Zero);
            Assert.That(Mx.Remainder(MlxArray.Create<uint>([7]), 0).Item<uint>(), Is.Zero);
            Assert.That((a % 4).ToArray<int>(), Is.EqualTo(new[] { 3, 1, 1 }));
        });
    }

    [TestCase(DType.UInt8)]
    [TestCase(DType.Int16)]
    [TestCase(DType.UInt64)]
    [TestCase(DType.Bool)]
    public void DividingByZeroKeepsTheType(DType dtype)
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Ones([3], dtype);
        var zero = Mx.Zeros([3], dtype);
        Assert.That(Mx.FloorDivide(a, zero).DType, Is.EqualTo(dtype));
        Assert.That(Golden.ToDoubles(Mx.FloorDivide(a, zero)), Is.All.Zero);
        Assert.That(Golden.ToDoubles(Mx.Remainder(a, zero)), Is.All.Zero);
        Assert.That(Mx.Remainder(a, dtype == DType.Bool ? false : 0).DType, Is.EqualTo(dtype));
    }

    [Test]
    public void NothingIsSortedInAnEmptyOrder()
    {
        using var scope = MlxScope.Begin();
        foreach (int[] shape in (int[][])[[0], [3, 0], [0, 3], [2, 0, 2]])
        {
            MlxArray a = Mx.Zeros(shape);
            foreach (MlxArray order in (MlxArray[])[Mx.ArgSort(a), Mx.ArgSort(a, 0), Mx.Sort(a, 0).AsType(DType.UInt32)])
            {
                Assert.That(order.DType, Is.EqualTo(DType.UInt32));
                Assert.That(order.Shape.ToArray(), Is.EqualTo(shape));
                Assert.That(order.ToArray<uint>(), Is.Empty);
            }

            Assert.That(Mx.ArgSort(a, null).Shape.ToArray(), Is.EqualTo(new[] { 0 }));
        }
    }

    [Test]
    public void ProductsOfAtMostOneFactorHaveGradients()
    {
        using var scope = MlxScope.Begin();
        foreach ((int[] shape, int axis) in ((int[], int)[])[([1], 0), ([0], 0), ([3, 0], 0), ([0, 3], 1), ([2, 1], 1), ([1, 1], 0)])
        {
            MlxArray x = Mx.Ones(shape) * 3;
            MlxArray inclusive = Mx.Grad((MlxArray a) => Mx.Sum(Mx.CumProd(a, axis) * 2))(x);
            MlxArray exclusive = Mx.Grad((MlxArray a) => Mx.Sum(Mx.CumProd(a, axis, inclusive: false) + a))(x);
            Assert.That(inclusive.ToArray<float>(), Is.EqualTo(Enumerable.Repeat(2f, (int)x.Size)));
            Assert.That(exclusive.ToArray<float>(), Is.EqualTo(Enumerable.Repeat(1f, (int)x.Size)));
        }

        Assert.That(Mx.CumProd(Mx.Ones([1]) * 3, 0).Item<float>(), Is.EqualTo(3));
        Assert.That(Mx.CumProd(Mx.Ones([1]) * 3, inclusive: false).Item<float>(), Is.EqualTo(1));
    }

    [Test]
    public void FloatsAreDividedAsEver()
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.FloorDivide(MlxArray.Create<float>([1, -1]), 0)
            .ToArray<float>(), Is.EqualTo(new[] { float.PositiveInfinity, float.NegativeInfinity }));
        Assert.That(Mx.Remainder(MlxArray.Create<int>([7]), 2.5).ToArray<float>(), Is.EqualTo(new[] { 2f }));
    }

    [Test]
    public void DivisionLeaksNoHandle()
    {
        using var a = MlxArray.Create<int>([7, 8]);
        using var b = MlxArray.Create<int>([0, -1]);
        a.Eval();
        b.Eval();
        using (HandleCount.NoneLeft())
        {
            using MlxArray quotient = Mx.FloorDivide(a, b);
            using MlxArray remainder = a % b;
            var (q, r) = Mx.DivMod(a, b);
            q.Dispose();
            r.Dispose();
            HandleCount.Settle();
        }
    }

    [Test]
    public void NegativePowersOfIntegersAreRefused()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([2, 3]);
        Assert.That(() => Mx.Power(a, -1), Throws.ArgumentException.With.Message.Contains("negative integer powers"));
        Assert.That(() => Mx.Power(2, MlxArray.Create<int>([1, -3])), Throws.ArgumentException);
        Assert.That(Mx.Power(a, 3).ToArray<int>(), Is.EqualTo(new[] { 8, 27 }));
        Assert.That(Mx.Power(MlxArray.Create<float>([2, 4]), -1).ToArray<float>(), Is.EqualTo(new[] { 0.5f, 0.25f }));
        Assert.That(Mx.Power(a, -1.0).ToArray<float>()[0], Is.EqualTo(0.5f));
    }

    [TestCase(4)]
    [TestCase(-5)]
    [TestCase(int.MaxValue)]
    [TestCase(int.MinValue)]
    public void GivenPositionsAreChecked(int position)
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Zeros(4);
        var rows = Mx.Zeros(2, 2);
        var index = MlxArray.Create<int>([position]);
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.Take(a, index, 0), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("axis 0 of size 4"));
            Assert.That(() => Mx.Take(a, position, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Take(rows, index), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("4 elements"));
            Assert.That(() => Mx.TakeAlongAxis(a, index, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.TakeAlongAxis(rows, index), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.PutAlongAxis(a, index, Mx.Ones(1), 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Slice(a, index, [0], [2]),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("from 0 to 2"));
            Assert.That(() => Mx.Slice(a, index + 0, [-1], [2]), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.SliceUpdate(a, Mx.Ones(2), index, [0]), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void PositionsAtTheEdgesAreTaken()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<int>([1, 2, 3, 4]);
        Assert.That(Mx.Take(a, MlxArray.Create<sbyte>([-4, 3]), 0).ToArray<int>(), Is.EqualTo(new[] { 1, 4 }));
        Assert.That(Mx.Take(a, -1).Item<int>(), Is.EqualTo(4));
        Assert.That(Mx.Slice(a, MlxArray.Create<int>([2]), [0], [2]).ToArray<int>(), Is.EqualTo(new[] { 3, 4 }));
    }

    [TestCase(DType.Float32)]
    [TestCase(DType.Bool)]
    public void PositionsAlongAnAxisAreIntegers(DType dtype)
    {
        using var scope = MlxScope.Begin();
        var a = Mx.Zeros(2);
        var index = Mx.Zeros([1], dtype);
        Assert.That(() => Mx.TakeAlongAxis(a, index, 0), Throws.ArgumentException.With.Message.Contains("integers"));
        Assert.That(() => Mx.PutAlongAxis(a, index, Mx.Ones(1), 0), Throws.ArgumentException.With.Message.Contains("integers"));
    }

    [Test]
    public void ErrorFunctionsAreOfRealNumbers()
    {
        using var a = Mx.Ones([2], DType.Complex64);
        Assert.That(() => Mx.Erf(a), Throws.TypeOf<MlxException>().With.Message.Contains("complex64"));
        Assert.That(() => Mx.ErfInv(a), Throws.TypeOf<MlxException>().With.Message.Contains("complex64"));
    }

    // Since 0.32.1, MLX itself reports LAPACK's errors, with other messages.
    private static string RefusesSingular => LibraryInUse.IsMlxSince("0.32.1") ? "failed with error code" : "singular";

    private static readonly (string Name, float[] Elements)[] Singular =
    [
        ("zero", [0, 0, 0, 0, 0, 0, 0, 0, 0]), ("rows", [1, 2, 3, 4, 5, 6, 7, 8, 9]), ("equal rows", [1, 2, 3, 0.1f, 0.7f, 0.3f, 1, 2, 3]),
        ("small", [1e-20f, 2e-20f, 0, 2e-20f, 4e-20f, 0, 0, 0, 1e-20f]),
    ];

    [TestCaseSource(nameof(Singular))]
    [RequiresMlx("it has no matrix decompositions")]
    public void SingularMatricesRaise((string Name, float[] Elements) matrix)
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create(matrix.Elements, 3, 3);
        foreach (Func<MlxArray> solve in (Func<MlxArray>[])[() => Mx.Linalg.Inv(a, Cpu), () => Mx.Linalg.Solve(a, Mx.Ones(3), Cpu)])
        {
            Assert.That(() => solve().Eval(), Throws.TypeOf<MlxException>().With.Message.Contains(RefusesSingular));
        }

        foreach (Func<MlxArray> factor in (Func<MlxArray>[])[() => Mx.Linalg.LU(a, Cpu).P, () => Mx.Linalg.LUFactor(a, Cpu).LU])
        {
            // Since 0.32.1, MLX factors it, with a zero on the diagonal.
            Assert.That(
                () => factor().Eval(),
                LibraryInUse.IsMlxSince("0.32.1") ? Throws.Nothing : Throws.TypeOf<MlxException>().With.Message.Contains("singular"));
        }
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void OneSingularMatrixOfManyRaises()
    {
        using var scope = MlxScope.Begin();
        var many = Mx.Stack([Mx.Eye(3), Mx.Zeros(3, 3)]);
        Assert.That(() => Mx.Linalg.Inv(many, Cpu).Eval(), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.TriInv(many, false, Cpu).Eval(), Throws.TypeOf<MlxException>().With.Message.Contains(RefusesSingular));
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void MatricesOfUnevenSizeAreRegular()
    {
        using var scope = MlxScope.Begin();
        foreach (float[] elements in (float[][])[[1, 0, 0, 1e-20f], [1, 2, 3e-12f, 4e-12f], [1e15f, 1, 1, 1], [1e-15f, 2e10f, 0, 1]])
        {
            var a = MlxArray.Create(elements, 2, 2);
            Numbers.AreClose(Mx.MatMul(a, Mx.Linalg.Inv(a, Cpu)), Mx.Eye(2));
        }
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void ZerosOnTheDiagonalOfATriangleRaise()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<float>([1, 2, 0, 0], 2, 2);
        Assert.That(() => Mx.Linalg.TriInv(a, true, Cpu).Eval(), Throws.TypeOf<MlxException>().With.Message.Contains(RefusesSingular));
        Assert.That(() => Mx.Linalg.CholeskyInv(a, true, Cpu).Eval(), Throws.TypeOf<MlxException>());
        Assert.That(() => Mx.Linalg.SolveTriangular(a, Mx.Ones(2), true, Cpu).Eval(), Throws.TypeOf<MlxException>());
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void NaNRaises()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create([1, 2, 3, float.NaN], 2, 2);
        foreach (Func<MlxArray> decompose in (Func<MlxArray>[])
            [
                () => Mx.Linalg.SVDVals(a, Cpu), () => Mx.Linalg.Pinv(a, Cpu), () => Mx.Linalg.Eig(a, Cpu).Values,
                () => Mx.Linalg.Eigvals(a, Cpu),
                () => Mx.Linalg.Norm(a, "nuc", stream: Cpu), () => Mx.Linalg.Norm(a, 2, stream: Cpu),
                () => Mx.Random.MultivariateNormal(Mx.Zeros(2), a, stream: Cpu),
            ])
        {
            Assert.That(() => decompose().Eval(), Throws.TypeOf<MlxException>());
        }
    }

    private static readonly (string Name, Func<MlxArray, MlxArray> Of, bool NeedsRank)[] Decompositions =
    [
        ("inv", a => Mx.Linalg.Inv(a, Cpu), true), ("tri_inv", a => Mx.Linalg.TriInv(a, stream: Cpu), true),
        ("cholesky_inv", a => Mx.Linalg.CholeskyInv(a, stream: Cpu), true), ("pinv", a => Mx.Linalg.Pinv(a, Cpu), false),
        ("svd", a => Mx.Linalg.SVD(a, Cpu).U, false), ("singular values", a => Mx.Linalg.SVDVals(a, Cpu), false),
        // CUDA compiles no magnitudes of complex numbers (0.31.2).
        ("eigvals", a => Mx.Abs(Mx.Linalg.Eigvals(a, Cpu), Cpu), false), ("eig", a => Mx.Abs(Mx.Linalg.Eig(a, Cpu).Vectors, Cpu), false),
        ("norm", a => Mx.Linalg.Norm(a, [-2, -1], 2, stream: Cpu), false),
        ("nuclear norm", a => Mx.Linalg.Norm(a, "nuc", [-2, -1], keepdims: true, stream: Cpu), false),
    ];

    private static IEnumerable<TestCaseData> Rejected() =>
        Decompositions.Select(each => new TestCaseData(each).SetArgDisplayNames(each.Name));

    // Since 0.32.1, MLX itself throws when the result is evaluated.
    [TestCaseSource(nameof(Rejected))]
    [RequiresMlx("it has no matrix decompositions")]
    public void RejectedMatricesUnderATransformGiveNaN((string Name, Func<MlxArray, MlxArray> Of, bool NeedsRank) decomposition)
    {
        if (LibraryInUse.IsMlxSince("0.32.1"))
        {
            Assert.Ignore("MLX throws.");
        }

        using var scope = MlxScope.Begin();
        MlxArray regular = MlxArray.Create<float>([2, 0, 1, 3], 2, 2);
        MlxArray rejected = decomposition.NeedsRank ? Mx.Zeros(2, 2) : Mx.Full([2, 2], float.NaN);
        MlxArray expected = decomposition.Of(regular);
        foreach ((int axis, Func<MlxArray, MlxArray> transformed) in ((int, Func<MlxArray, MlxArray>)[])
            [
                (0, Mx.Vmap(decomposition.Of)), (2, Mx.Vmap(decomposition.Of, 2)), (0, Mx.Compile((MlxArray x) => decomposition.Of(x + 0))),
            ])
        {
            MlxArray results = transformed(Mx.Stack([regular, rejected], axis));
            Numbers.AreClose(results[0], expected);
            Assert.That(Mx.All(Mx.IsNaN(results[1])).Item<bool>());
        }
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void CompiledFactorsOfSingularMatricesAreNaN()
    {
        if (LibraryInUse.IsMlxSince("0.32.1"))
        {
            Assert.Ignore("MLX factors it, with a zero on the diagonal.");
        }

        using var scope = MlxScope.Begin();
        MlxArray regular = MlxArray.Create<float>([2, 0, 1, 4], 2, 2);
        MlxArray batch = Mx.Stack([regular, MlxArray.Create<float>([1, 2, 2, 4], 2, 2)]);
        MlxArray vector = Mx.Compile((MlxArray x) => Mx.Linalg.Solve(x * 1, Mx.Ones(2), Cpu))(batch[1]);
        Assert.That(Mx.All(Mx.IsNaN(vector)).Item<bool>());
        foreach (Func<MlxArray, MlxArray> compute in (Func<MlxArray, MlxArray>[])
            [
                a => Mx.Linalg.Solve(a, Mx.Ones([.. a.Shape[..^1], 1]), Cpu), a => Mx.Linalg.LU(a, Cpu).U,
                a => Mx.Linalg.LUFactor(a, Cpu).LU,
            ])
        {
            MlxArray results = Mx.Compile((MlxArray x) => compute(x * 1))(batch);
            Numbers.AreClose(results[0], compute(regular));
            Assert.That(Mx.Any(Mx.IsNaN(results[1])).Item<bool>());
        }
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void NormsOfEmptyMatricesRaise()
    {
        using var scope = MlxScope.Begin();
        var empty = Mx.Zeros(0, 3);
        Assert.That(() => Mx.Linalg.Norm(empty, "nuc", stream: Cpu).Eval(), Throws.TypeOf<MlxException>());
    }

    [Test]
    public void SizesThatMlxWouldDivideByOrCountBackwardsAreRefused()
    {
        using var scope = MlxScope.Begin();
        var input = Mx.Zeros(1, 4, 2);
        var weight = Mx.Zeros(4, 3, 2);
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.Conv1d(input, weight, groups: 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.ConvGeneral(input, weight, groups: -1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.ConvTranspose1d(input, weight, groups: 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Conv1d(Mx.Zeros(1, 4, 0), Mx.Zeros(4, 3, 0)), Throws.ArgumentException.With.Message.Contains("channels"));
            Assert.That(() => Mx.Unflatten(Mx.Zeros(4), 0, [-1, 0]), Throws.ArgumentException.With.Message.Contains("(-1,0)"));
            Assert.That(() => Mx.Random.Normal([-3]), Throws.ArgumentException.With.Message.Contains("negative"));
            Assert.That(() => Mx.Random.Uniform(shape: [2, -1]), Throws.ArgumentException);
            Assert.That(() => Mx.Random.Bernoulli(0.5, [-1]), Throws.ArgumentException);
            Assert.That(Mx.Depends([], [input]), Is.Empty);
        });
    }

    [Test]
    public void ChoosingHasATangentWhereOnlyOnePartHasOne()
    {
        using var scope = MlxScope.Begin();
        var test = MlxArray.Create<bool>([true, false, true]);
        var x = MlxArray.Create<float>([1, 2, float.NaN]);
        var tangent = MlxArray.Create<float>([10, 20, 30]);
        Assert.Multiple(() =>
        {
            Assert.That(Mx.Jvp(a => Mx.Where(test, a, 0), x, tangent).Jvp.ToArray<float>(), Is.EqualTo(new float[] { 10, 0, 30 }));
            Assert.That(Mx.Jvp(a => Mx.Where(test, 5, a * 2), x, tangent).Jvp.ToArray<float>(), Is.EqualTo(new float[] { 0, 40, 0 }));
            Assert.That(Mx.Jvp(a => Mx.Where(a > 1, a, -a), x, tangent).Jvp.ToArray<float>(), Is.EqualTo(new float[] { -10, 20, -30 }));
            Assert.That(Mx.Jvp(a => Mx.NanToNum(a), x, tangent).Jvp.ToArray<float>(), Is.EqualTo(new float[] { 10, 20, 0 }));
            Assert.That(
                Mx.Jvp(a => Mx.Jvp(b => Mx.Where(test, b * b, 0), a, Mx.OnesLike(a)).Jvp, MlxArray.Create<float>([1, 2, 3]), tangent).Jvp
                    .ToArray<float>(),
                Is.EqualTo(new float[] { 20, 0, 60 }));
        });
    }

    [Test]
    [RequiresMlx("it has no quantized arrays")]
    public void DoublesAreNotQuantized() =>
        Assert.That(() => Mx.Quantize(Mx.Zeros([2, 64], DType.Float64)), Throws.TypeOf<MlxException>().With.Message.Contains("float64"));

    [Test]
    public void AttentionTakesNullForNoMask()
    {
        using var scope = MlxScope.Begin();
        var q = Mx.Ones(1, 2, 3, 8);
        Assert.That(Mx.Fast.ScaledDotProductAttention(q, q, q, 1f, null, null).Shape.ToArray(), Is.EqualTo(new[] { 1, 2, 3, 8 }));
    }
}
