namespace DotMlx.Tests.Operations;

public class ShapeTests
{
    [Test]
    public void BroadcastShapesMatchesNumPy()
    {
        Assert.That(Mx.BroadcastShapes([2, 1, 3], [4, 1], []), Is.EqualTo(new[] { 2, 4, 3 }));
        Assert.That(Mx.BroadcastShapes([1], [0]), Is.EqualTo(new[] { 0 }));
        Assert.That(Mx.BroadcastShapes([5]), Is.EqualTo(new[] { 5 }));
        Assert.That(() => Mx.BroadcastShapes([2], [3]), Throws.ArgumentException.With.Message.Contains("2 against 3"));
        Assert.That(() => Mx.BroadcastShapes(), Throws.ArgumentException);
    }

    [Test]
    public void AtleastAddsMissingAxes()
    {
        using MlxArray one = Mx.Atleast1d(3);
        using MlxArray two = Mx.Atleast2d(Numbers.Row(1, 2));
        using MlxArray three = Mx.Atleast3d(Numbers.Row(1, 2));
        Numbers.HasShape(one, 1);
        Numbers.HasShape(two, 1, 2);
        Numbers.HasShape(three, 1, 2, 1);
        Assert.That(Mx.Atleast1d(1, Numbers.Row(1, 2)), Has.Length.EqualTo(2));
        Assert.That(Mx.Atleast2d(1, 2), Has.Length.EqualTo(2));
        Assert.That(Mx.Atleast3d(1, 2), Has.Length.EqualTo(2));
    }

    [Test]
    public void AliasesMatchTheirFunctions()
    {
        using MlxArray a = Numbers.Array(1, 2, 3);
        using MlxArray permuted = Mx.PermuteDims(a);
        using MlxArray ordered = Mx.PermuteDims(a, 1, 0);
        using MlxArray joined = Mx.Concat([a, a], 1);
        using MlxArray flat = Mx.Concatenate([a, a], null);
        using MlxArray conjugate = Mx.Conj(a);
        Numbers.HasShape(permuted, 3, 2);
        Numbers.HasShape(ordered, 3, 2);
        Numbers.HasShape(joined, 2, 6);
        Numbers.HasShape(flat, 12);
        Numbers.AreClose(conjugate, a);
    }

    [Test]
    public void WithoutAnAxisTheArrayIsFlat()
    {
        using MlxArray a = MlxArray.Create<float>([3, 1, 2, 6, 5, 4], 2, 3);
        using MlxArray sorted = Mx.Sort(a, null);
        using MlxArray order = Mx.ArgSort(a, null);
        using MlxArray largest = Mx.TopK(a, 2, null);
        using MlxArray parted = Mx.Partition(a, 3, null);
        using MlxArray partedAt = Mx.ArgPartition(a, 3, null);
        using MlxArray sums = Mx.CumSum(a);
        using MlxArray taken = Mx.TakeAlongAxis(a, Numbers.Ints(5, 0));
        using MlxArray put = Mx.PutAlongAxis(a, Numbers.Ints(5, 0), Numbers.Row(-1, -2));
        using MlxArray repeated = Mx.Repeat(a, 2);
        using MlxArray rolled = Mx.Roll(a, 1);
        Assert.That(sorted.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(order.ToArray<uint>(), Is.EqualTo(new uint[] { 1, 2, 0, 5, 4, 3 }));
        Assert.That(largest.ToArray<float>(), Is.EquivalentTo(new float[] { 5, 6 }));
        Assert.That(parted.ToArray<float>()[3], Is.EqualTo(4));
        Assert.That(partedAt.ToArray<uint>()[3], Is.EqualTo(5));
        Assert.That(sums.ToArray<float>(), Is.EqualTo(new float[] { 3, 4, 6, 12, 17, 21 }));
        Assert.That(taken.ToArray<float>(), Is.EqualTo(new float[] { 4, 3 }));
        Assert.That(put.ToArray<float>(), Is.EqualTo(new float[] { -2, 1, 2, 6, 5, -1 }));
        Numbers.HasShape(put, 2, 3);
        Assert.That(repeated.ToArray<float>(), Is.EqualTo(new float[] { 3, 3, 1, 1, 2, 2, 6, 6, 5, 5, 4, 4 }));
        Assert.That(rolled.ToArray<float>(), Is.EqualTo(new float[] { 4, 3, 1, 2, 6, 5 }));
    }

    [Test]
    public void FunctionsAcceptSeveralAxes()
    {
        using MlxArray a = Numbers.Array(1, 2, 3, 4);
        int[] axes = [0, -1];
        Assert.Multiple(() =>
        {
            Numbers.HasShape(Mx.Sum(a, axes), 3);
            Numbers.HasShape(Mx.Prod(a, axes, keepdims: true), 1, 3, 1);
            Numbers.HasShape(Mx.Mean(a, axes), 3);
            Numbers.HasShape(Mx.Max(a, axes), 3);
            Numbers.HasShape(Mx.Min(a, axes), 3);
            Numbers.HasShape(Mx.All(a, axes), 3);
            Numbers.HasShape(Mx.Any(a, axes), 3);
            Numbers.HasShape(Mx.LogSumExp(a, axes), 3);
            Numbers.HasShape(Mx.Var(a, axes), 3);
            Numbers.HasShape(Mx.Std(a, axes), 3);
            Numbers.HasShape(Mx.Median(a, axes), 3);
            Numbers.HasShape(Mx.Median(a), []);
            Numbers.HasShape(Mx.Softmax(a, axes), 2, 3, 4);
            Numbers.HasShape(Mx.Squeeze(Mx.ExpandDims(a, [0, 4]), [0, 4]), 2, 3, 4);
            Numbers.HasShape(Mx.ExpandDims(a, 1), 2, 1, 3, 4);
            Numbers.AreClose(Mx.Roll(a, 1, axes), Mx.Roll(a, [1, 1], axes));
        });
    }

    [Test]
    public void PadAddsTheGivenWidths()
    {
        using MlxArray a = MlxArray.Create<float>([1, 2, 3, 4], 2, 2);
        using MlxArray uneven = Mx.Pad(a, (1, 0), constantValues: 9);
        using MlxArray single = Mx.Pad(a, [(0, 1)]);
        Numbers.HasShape(uneven, 3, 3);
        Assert.That(uneven.ToArray<float>(), Is.EqualTo(new float[] { 9, 9, 9, 9, 1, 2, 9, 3, 4 }));
        Assert.That(single.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 0, 3, 4, 0, 0, 0, 0 }));
        Assert.That(() => Mx.Pad(a, [(0, 1), (0, 1), (0, 1)]), Throws.ArgumentException);
    }

    [Test]
    public void MeshgridMakesDenseAndSparseGrids()
    {
        using MlxArray x = Numbers.Row(1, 2, 3);
        using MlxArray y = Numbers.Row(4, 5);
        MlxArray[] matrices = Mx.Meshgrid([x, y], sparse: false, indexing: MeshgridIndexing.IJ);
        MlxArray[] sparse = Mx.Meshgrid([x, y], sparse: true);
        Numbers.HasShape(matrices[0], 3, 2);
        Numbers.HasShape(sparse[0], 1, 3);
        Numbers.HasShape(sparse[1], 2, 1);
    }

    [Test]
    public void DynamicSlicesReadAndWriteBlocks()
    {
        using MlxArray a = MlxArray.Create<float>([0, 1, 2, 3, 4, 5], 2, 3);
        using MlxArray block = Mx.Slice(a, Numbers.Ints(1), [1], [2, 2]);
        using MlxArray changed = Mx.SliceUpdate(a, MlxArray.Create<float>([9], 1, 1), Numbers.Ints(1, 2), [0, 1]);
        Assert.That(block.ToArray<float>(), Is.EqualTo(new float[] { 1, 2, 4, 5 }));
        Assert.That(changed.ToArray<float>(), Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 9 }));
    }

    [Test]
    public void StridedViewsStayInside()
    {
        using MlxArray a = Mx.Arange(6);
        using MlxArray windows = Mx.AsStrided(a, [4, 3], [1, 1]);
        using MlxArray backwards = Mx.AsStrided(a, [3], [-2], 5);
        Assert.That(windows.ToArray<int>(), Is.EqualTo(new[] { 0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5 }));
        Assert.That(backwards.ToArray<int>(), Is.EqualTo(new[] { 5, 3, 1 }));
        Assert.That(() => Mx.AsStrided(a, [5, 3], [1, 1]), Throws.ArgumentException.With.Message.Contains("6 elements"));
        Assert.That(() => Mx.AsStrided(a, [2], [-1]), Throws.ArgumentException);
        Assert.That(() => Mx.AsStrided(a, [2], [1, 1]), Throws.ArgumentException);
        Assert.That(() => Mx.AsStrided(a, [int.MaxValue, int.MaxValue], [long.MaxValue, long.MaxValue]), Throws.ArgumentException);
    }

    [Test]
    public void WrongArgumentsAreRejected()
    {
        using MlxArray a = Mx.Zeros(2, 3);
        using MlxArray gone = Mx.Zeros(2);
        gone.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => Mx.Reshape(a, 4), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Sum(a, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Mx.Add(a, gone), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => Mx.Add(a, null!), Throws.ArgumentNullException);
            Assert.That(() => Mx.Exp(null!), Throws.ArgumentNullException);
            Assert.That(() => Mx.Concatenate([a, null!]), Throws.ArgumentNullException);
            Assert.That(() => Mx.Concatenate([]), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Stack([a, Mx.Zeros(2)]), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Split(a, 2, 1), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.BroadcastTo(a, 3, 3), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Transpose(a, 0), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.MatMul(a, a), Throws.TypeOf<MlxException>().With.Property("Operation").EqualTo("mlx_matmul"));
            Assert.That(() => Mx.Take(a, Mx.Zeros(2), 0), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Clip(a, null, null), Throws.TypeOf<MlxException>());
            Assert.That(() => Mx.Einsum("ij%n->", a), Throws.ArgumentException);
        });
    }

    [Test]
    public void DependentArraysKeepTheirValues()
    {
        using MlxArray a = Numbers.Row(1, 2);
        using MlxArray b = Mx.Exp(a);
        using MlxArray after = Mx.Depends(a, b);
        MlxArray[] both = Mx.Depends([a, b], [a]);
        Assert.That(after.ToArray<float>(), Is.EqualTo(new float[] { 1, 2 }));
        Assert.That(both, Has.Length.EqualTo(2));
    }
}
