namespace DotMlx.Tests.Transforms;

/// <summary>
/// Slices with a negative step and one element. MLX 0.31.2 and 0.32 drop the step but keep a stop before the element, so the gradient is 0,
/// and a vectorized slice is empty.
/// </summary>
public class SliceTransformTests
{
    private static readonly TestCaseData[] Slices =
    [
        Case("x[::-1]", x => x[new Slice(null, null, -1)]),
        Case("x[:, 2:1:-1]", x => x[.., new Slice(2, 1, -1)]),
        Case("x[:, 1:0:-1]", x => x[.., new Slice(1, 0, -1)]),
        Case("x[:, 0::-1]", x => x[.., new Slice(0, null, -1)]),
        Case("x[:, 2:0:-4]", x => x[.., new Slice(2, 0, -4)]),
        Case("x[::-1, ::-1]", x => x[new Slice(null, null, -1), new Slice(null, null, -1)]),
        Case("flip of one row", x => Mx.Flip(x, 0)),
        Case("flip of both axes", x => Mx.Flip(x)),
        Case("flip of one column", x => Mx.Flip(x[.., 1..2], 1)),
    ];

    private static TestCaseData Case(string name, Func<MlxArray, MlxArray> slice) => new TestCaseData(slice).SetArgDisplayNames(name);

    [TestCaseSource(nameof(Slices))]
    public void TheGradientReachesTheElement(Func<MlxArray, MlxArray> slice)
    {
        using MlxArray x = MlxArray.Create<float>([1, 2, 3], 1, 3), weights = Mx.Arange(1f, 4f);

        // The slice is linear, so its gradient along x is its value.
        MlxArray Weighted(MlxArray of)
        {
            MlxArray part = slice(of);
            return Mx.Sum(part * weights[..part.Dim(-1)]);
        }

        Assert.That(Mx.Sum(Mx.Grad(Weighted)(x) * x).Item<float>(), Is.EqualTo(Weighted(x).Item<float>()).And.GreaterThan(0));
        Assert.That(Mx.Jvp(Weighted, x, x).Jvp.Item<float>(), Is.EqualTo(Weighted(x).Item<float>()));
    }

    [TestCaseSource(nameof(Slices))]
    [RequiresMlx("it has no vmap")]
    public void AVectorizedSliceIsThatOfEachElement(Func<MlxArray, MlxArray> slice)
    {
        using MlxArray batch = MlxArray.Create<float>([1, 2, 3, 4, 5, 6], 2, 1, 3);
        using MlxArray actual = Mx.Vmap(slice)(batch), expected = Mx.Stack([slice(batch[0]), slice(batch[1])]);
        Assert.That(Mx.ArrayEqual(actual, expected).Item<bool>(), $"{actual} instead of {expected}");
    }

    [Test]
    public void AnUpdateOfOneElementPassesItsGradientOn()
    {
        using MlxArray x = MlxArray.Create<float>([1, 2, 3]), v = MlxArray.Create<float>([7]);
        MlxArray Updated(MlxArray a, MlxArray b) => Mx.Sum(a.At[new Slice(1, 0, -1)].Add(b) * MlxArray.Create<float>([2, 3, 5]));
        Func<MlxArray, MlxArray, (MlxArray, MlxArray)> gradient = (a, b) =>
            (Mx.Grad(of => Updated(of, b))(a), Mx.Grad(of => Updated(a, of))(b));
        (MlxArray first, MlxArray second) = gradient(x, v);
        Assert.That(first.ToArray<float>(), Is.EqualTo(new[] { 2f, 3, 5 }));
        Assert.That(second.ToArray<float>(), Is.EqualTo(new[] { 3f }));
    }
}
