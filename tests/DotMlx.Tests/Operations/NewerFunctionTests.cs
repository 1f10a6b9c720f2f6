namespace DotMlx.Tests.Operations;

/// <summary>Functions that MLX has since 0.32, on every library.</summary>
public class NewerFunctionTests
{
    [Test]
    public void FlipReversesTheGivenAxes()
    {
        using MlxArray a = MlxArray.Create<int>([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.That(Mx.Flip(a).ToArray<int>(), Is.EqualTo(new[] { 6, 5, 4, 3, 2, 1 }));
        Assert.That(Mx.Flip(a, -1).ToArray<int>(), Is.EqualTo(new[] { 3, 2, 1, 6, 5, 4 }));
        Assert.That(Mx.Flip(a, [0]).ToArray<int>(), Is.EqualTo(new[] { 4, 5, 6, 1, 2, 3 }));
        Assert.That(() => Mx.Flip(a, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void DiffMatchesNumPy()
    {
        using MlxArray a = Numbers.Ints(1, 4, 9, 16);
        using MlxArray flags = MlxArray.Create<bool>([true, true, false]);
        using MlxArray table = MlxArray.Create<int>([1, 2, 4, 8], 2, 2);
        Assert.That(Mx.Diff(a).ToArray<int>(), Is.EqualTo(new[] { 3, 5, 7 }));
        Assert.That(Mx.Diff(a, 2).ToArray<int>(), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(Mx.Diff(a, 0).ToArray<int>(), Is.EqualTo(new[] { 1, 4, 9, 16 }));
        Assert.That(Mx.Diff(a, 5).Size, Is.Zero);
        Assert.That(Mx.Diff(flags).ToArray<bool>(), Is.EqualTo(new[] { false, true }));
        Assert.That(Mx.Diff(table, axis: 0).ToArray<int>(), Is.EqualTo(new[] { 3, 6 }));
    }

    [Test]
    public void SearchSortedFindsInsertionPoints()
    {
        using MlxArray row = Numbers.Row(1, 2, 2, 3);
        using MlxArray values = MlxArray.Create<float>([0, 2, 2.5f, 9], 2, 2);
        Assert.That(Mx.SearchSorted(row, values).ToArray<uint>(), Is.EqualTo(new uint[] { 0, 1, 3, 4 }));
        Assert.That(Mx.SearchSorted(row, values, SearchSide.Right).ToArray<uint>(), Is.EqualTo(new uint[] { 0, 3, 3, 4 }));
        Assert.That(() => Mx.SearchSorted(row, values, (SearchSide)5), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Mx.SearchSorted(values, row), Throws.ArgumentException);
    }

    [Test]
    public void UnstackSplitsAlongAnAxis()
    {
        using MlxArray a = MlxArray.Create<int>([1, 2, 3, 4, 5, 6], 2, 3);
        MlxArray[] columns = Mx.Unstack(a, 1);
        Assert.That(columns, Has.Length.EqualTo(3));
        Assert.That(columns[1].ToArray<int>(), Is.EqualTo(new[] { 2, 5 }));
        Numbers.AreClose(Mx.Stack(Mx.Unstack(a)), a);
    }

    [Test]
    public void VecDotSumsProductsAlongAnAxis()
    {
        using MlxArray a = MlxArray.Create<float>([1, 2, 3, 4], 2, 2);
        Assert.That(Mx.VecDot(a, a).ToArray<float>(), Is.EqualTo(new float[] { 5, 25 }));
        using MlxArray z = MlxArray.Create<Complex64>([new(0, 1)]);
        Assert.That(Mx.VecDot(z, z).Item<Complex64>(), Is.EqualTo(new Complex64(1, 0)));
    }

    [Test]
    public void TruncRoundsTowardZero()
    {
        using MlxArray a = Numbers.Row(-1.7f, -0.2f, 0.2f, 1.7f, float.NegativeInfinity);
        Assert.That(Mx.Trunc(a).ToArray<float>(), Is.EqualTo(new float[] { -1, 0, 0, 1, float.NegativeInfinity }));
        Assert.That(Mx.Trunc(Numbers.Ints(-3)).ToArray<int>(), Is.EqualTo(new[] { -3 }));
        Assert.That(() => Mx.Trunc(Mx.Zeros([1], DType.Complex64)), Throws.ArgumentException);
    }

    [Test]
    public void CountNonzeroCountsAlongAxes()
    {
        using MlxArray a = MlxArray.Create<float>([0, 2, -3, 0, 0, 6], 2, 3);
        Assert.That(Golden.ToDoubles(Mx.CountNonzero(a)), Is.EqualTo(new[] { 3.0 }));
        Assert.That(Golden.ToDoubles(Mx.CountNonzero(a, 0)), Is.EqualTo(new[] { 0.0, 1, 2 }));
        Assert.That(Golden.ToDoubles(Mx.CountNonzero(a, [0, 1])), Is.EqualTo(new[] { 3.0 }));
    }

    [Test]
    public void PositiveAndXorMatchTheirOperators()
    {
        using MlxArray a = Numbers.Row(-1, 2);
        using MlxArray same = Mx.Positive(a);
        using MlxArray flags = Mx.LogicalXor(MlxArray.Create<bool>([true, true, false]), MlxArray.Create<bool>([true, false, false]));
        Numbers.AreClose(same, a);
        Assert.That(flags.ToArray<bool>(), Is.EqualTo(new[] { false, true, false }));
    }

    [Test]
    public void ScansAccumulateInTheGivenType()
    {
        using MlxArray flags = MlxArray.Create<bool>([true, true, false, true]);
        Assert.That(Mx.CumSum(flags, 0, dtype: DType.Int64).ToArray<long>(), Is.EqualTo(new long[] { 1, 2, 2, 3 }));
        Assert.That(Mx.CumProd(Numbers.Ints(1, 2, 3), 0, dtype: DType.Float32).ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 6 }));
    }

    [Test]
    public void CrossEntropyMatchesItsFormula()
    {
        using MlxArray logits = Numbers.Array(1, 3, 4);
        using MlxArray targets = Numbers.Ints(0, 3, 1);
        float[] x = logits.ToArray<float>();
        int[] t = targets.ToArray<int>();
        double[] expected = [.. Enumerable.Range(0, 3).Select(i =>
            Math.Log(Enumerable.Range(0, 4).Sum(j => Math.Exp(x[(4 * i) + j]))) - x[(4 * i) + t[i]])];
        Numbers.AreClose(Mx.Fast.CrossEntropy(logits, targets), expected);
        Assert.That(Mx.Fast.CrossEntropy(Mx.AsType(logits, DType.Float16), targets).DType, Is.EqualTo(DType.Float16));
    }

    [Test]
    [RequiresMlx("it has no matrix decompositions")]
    public void DeterminantsMatchKnownValues()
    {
        using MlxArray a = MlxArray.Create<float>([0, 2, 1, 1, 1, 0, 3, 0, 1, 2, 0, 0, 0, 2, 0, 0, 0, 2], 2, 3, 3);
        using MlxArray determinants = Mx.Linalg.Det(a, DeviceType.Cpu);
        (MlxArray sign, MlxArray log) = Mx.Linalg.Slogdet(a, DeviceType.Cpu);
        Numbers.AreClose(determinants, [-5, 8]);
        Numbers.AreClose(sign, [-1, 1]);
        Numbers.AreClose(log, [Math.Log(5), Math.Log(8)]);
        Numbers.AreClose(Mx.Linalg.Det(Mx.Ones(3, 3), DeviceType.Cpu), [0]);
        Numbers.AreClose(Mx.Linalg.Slogdet(Mx.Zeros(2, 2), DeviceType.Cpu).LogAbsDet, [double.NegativeInfinity]);
        Assert.That(() => Mx.Linalg.Det(Mx.Zeros(2, 3)), Throws.ArgumentException);
        Assert.That(() => Mx.Linalg.Slogdet(Mx.Zeros(2, 3)), Throws.ArgumentException);

        // The empty product is 1.
        Numbers.AreClose(Mx.Linalg.Det(Mx.Zeros(2, 0, 0), DeviceType.Cpu), [1, 1]);
        (sign, log) = Mx.Linalg.Slogdet(Mx.Zeros(2, 0, 0), DeviceType.Cpu);
        Numbers.AreClose(sign, [1, 1]);
        Numbers.AreClose(log, [0, 0]);
        Assert.That(Mx.Linalg.Det(Mx.Zeros(0, 2, 2), DeviceType.Cpu).Shape.ToArray(), Is.EqualTo(new[] { 0 }));
    }

    [Test]
    public void FunctionsOfNewerLibrariesSaySo()
    {
        if (MlxLibrary.MlxcVersion == "v0.7.0")
        {
            Assert.Ignore("The loaded library has the function.");
        }

        using MlxArray a = Mx.Zeros(2, 2);
        Assert.That(
            () => Mx.GatherQQMM(a, a, a), Throws.TypeOf<NotSupportedException>().With.Message.Contains("v0.7.0"));
    }
}
