namespace DotMlx.Tests.Arrays;

public class IndexingTests
{
    private static readonly (int[] Shape, string[] Expressions)[] Table =
    [
        ([7],
        [
            "0", "3", "6", "-1", "-7", ":", "1:3", "2:", ":4", "-3:", ":-3", "::2", "1::3", "::-1", "5:1:-2", "-1:-4:-1", "::-3",
            "3:3", "5:2", "2:100", "-100:2", "100:", "10::-1", "0:0:-1", ":2:-1", "None", "None, 2", "2, None", "None, 1:4", "1:4, None",
            "None, :, None", "...", "..., 1", "1:3, ...", "[0]", "[2 0 5]", "[-1 -7 3]", "[[0 1][5 6]]", "None, [1 3]",
            "[1 3], None", "..., [6 0]",
        ]),
        ([3, 4],
        [
            "0", "-1", "1, 2", "-1, -4", ":, 1", "1, :", "1:, ::2", "::-1", ":, ::-1", "::-1, ::-1", "::-2, 3:0:-2", "1:1", ":, 2:2",
            "None", "None, 1", "1, None",
            "1, None, 2", "None, 1, None, 2, None", ":, None", "..., 0", "0, ...", "..., None", "None, ...", "..., 1:3, None", "1, ..., 2",
            "[0 2]", "[2 0 1]", ":, [1 3]", ":, [3 -1 0]", "[0 2], [1 3]", "[0 1 2], 1", "1, [0 3]", "[[0 1][2 0]]", ":, [[0 1][2 3]]",
            "[[0 1][2 0]], [1 2]",
            "[0 2], ::2", "[0 2], ::-1", "1:, [0 2]", "::-1, [0 2]", "None, [0 2]", "[0 2], None", "[0 2], None, [1 3]",
            "[[0][2]], [1 3]", "-1, [[0 1][2 3]]",
            "..., [0 2]", "[0 2], ...", "[1], [2]",
        ]),
        ([4, 5, 6],
        [
            "0", "3", "1, 2", "1, 2, 3", "-1, -1, -1", ":, 2", ":, :, 2", ":, 1, 2", "1, :, 3", "0, ..., 1", "..., 5", "..., 2, 3", "1:3",
            "1:3, 2:4, 3:5", "::2, ::-2, 1::3",
            "::-1, 1, ::2", "None, ..., None", "1, None, :, None, 2", ":, None, 2:4", "3:0:-1, :, ::-3", "2:2, :, 1", ":, :, None, 1",
            "[0 3]", "[3 1 0], [4 2 0]", "[3 1], [4 2], [5 0]", ":, [1 4]", ":, :, [5 0 2]", ":, [1 4], [0 5]", "[0 3], :, [1 5]",
            "[0 3], 2", "[0 3], 2, :", "[0 3], :, 2", "2, [0 3]", "2, :, [0 3]",
            "2, [0 3], :", "2, [0 3], 1:4", ":, 2, [0 3]", "[0 3], 1:4", "[0 3], ::2, ::-1", "1:3, [0 4], 2:5", "1:3, 2:5, [0 4]",
            "::-1, [0 4]", "[0 3], 1:4, [2 5]", "[[0 1][2 3]]", "[[0 1][2 3]], :, [0 5]",
            "[[0 1][2 3]], [0 4]", "[[0][3]], [0 4 2]", "[[0][3]], :, [0 4 2]", ":, [[0 1][2 3]], 1", "None, [0 3], 2", "[0 3], None, 2",
            "[0 3], None, :, [1 5]", "1, None, [0 3]", "..., [0 5]", "[0 3], ..., [1 5]", "[0 3], ..., 1", "1, ..., [0 3]",
            "1:3, None, [0 4]", "[0 3], 1:1",
        ]),
        ([2, 3, 4, 5],
        [
            "1", "1, ..., 2", "..., 1, :", ":, 1:, ::-1, 1", "None, 0, :, None, 1:3", "0, 1, 2, 3",
            "0, [0 2], [1 3]", ":, [0 2], [1 3], 1", "[0 1], :, :, [2 4]", "[0 1], 1, :, [2 4]", "0, :, [1 3], 2", "0, :, [1 3], 1:4",
            ":, [0 2], 1:3, 4", "..., [1 3], [0 4]", "[0 1], [2 0], ..., [4 1]", ":, :, 1, [0 2 4]",
            "1:, [[0 1][2 0]], ::2, [1 3]", "[1 0], ::2, ::-2, 1:4", "0, [0 2], None, 1:3, 2",
        ]),
    ];

    public static IEnumerable<TestCaseData> Cases =>
        from row in Table
        from expression in row.Expressions
        select new TestCaseData(row.Shape, expression).SetArgDisplayNames($"({string.Join(',', row.Shape)})[{expression}]");

    [Test]
    public void TheTableIsLongEnough() => Assert.That(Cases.Count(), Is.GreaterThanOrEqualTo(150));

    [TestCaseSource(nameof(Cases))]
    public void ReadingAnIndexMatchesTheOracle(int[] shape, string expression)
    {
        using var scope = MlxScope.Begin();
        var oracle = new IndexOracle(expression, shape);
        var (a, data) = Numbers(shape);

        var result = a[oracle.Index];

        Assert.That(result.Shape.ToArray(), Is.EqualTo(oracle.ResultShape));
        Assert.That(result.ToArray<int>(), Is.EqualTo(oracle.Sources.Select(i => data[i])));
    }

    [TestCaseSource(nameof(Cases))]
    public void WritingAnArrayMatchesTheOracle(int[] shape, string expression)
    {
        using var scope = MlxScope.Begin();
        var oracle = new IndexOracle(expression, shape);
        var (a, data) = Numbers(shape);
        var before = a.Share();
        int[] values = [.. Enumerable.Range(1000, oracle.Sources.Length)];
        var value = oracle.ResultShape.Length == 0 ? MlxArray.Scalar(values[0]) : MlxArray.Create(values, oracle.ResultShape);

        a[oracle.Index] = value;

        int[] expected = [.. data];
        for (int i = 0; i < values.Length; i++)
        {
            expected[oracle.Sources[i]] = values[i];
        }

        int[] written = a.ToArray<int>();
        if (DeviceInUse.IsGpu)
        {
            // A GPU writes in no defined order, so for a position that occurs twice, either value may remain.
            foreach ((int place, int i) in oracle.Sources.Select((place, i) => (place, i))
                .Where(write => written[write.place] == values[write.i]))
            {
                expected[place] = values[i];
            }
        }

        Assert.That(a.Shape.ToArray(), Is.EqualTo(shape));
        Assert.That(written, Is.EqualTo(expected));
        Assert.That(before.ToArray<int>(), Is.EqualTo(data), "other holders of the old value");
    }

    [TestCaseSource(nameof(Cases))]
    public void WritingANumberMatchesTheOracle(int[] shape, string expression)
    {
        using var scope = MlxScope.Begin();
        var oracle = new IndexOracle(expression, shape);
        var (a, data) = Numbers(shape);

        a[oracle.Index] = -5;

        foreach (int i in oracle.Sources)
        {
            data[i] = -5;
        }

        Assert.That(a.DType, Is.EqualTo(DType.Int32));
        Assert.That(a.ToArray<int>(), Is.EqualTo(data));
    }

    [TestCaseSource(nameof(Cases))]
    public void WritesARowBroadcast(int[] shape, string expression)
    {
        using var scope = MlxScope.Begin();
        var oracle = new IndexOracle(expression, shape);
        var (a, data) = Numbers(shape);
        int last = oracle.ResultShape.Length == 0 ? 1 : oracle.ResultShape[^1];
        if (last == 0)
        {
            Assert.Pass("nothing to broadcast over");
        }

        float[] row = [.. Enumerable.Range(0, last).Select(i => 0.5f - i)];

        a[oracle.Index] = MlxArray.Create(row, 1, last);

        for (int i = 0; i < oracle.Sources.Length; i++)
        {
            data[oracle.Sources[i]] = (int)row[i % last];
        }

        Assert.That(a.ToArray<int>(), Is.EqualTo(data));
    }

    [TestCaseSource(nameof(Cases))]
    public void AddAtMatchesTheOracle(int[] shape, string expression)
    {
        using var scope = MlxScope.Begin();
        var oracle = new IndexOracle(expression, shape);
        var (a, data) = Numbers(shape);
        int[] before = [.. data];
        int[] values = [.. Enumerable.Range(10, oracle.Sources.Length)];
        var value = oracle.ResultShape.Length == 0 ? MlxArray.Scalar(values[0]) : MlxArray.Create(values, oracle.ResultShape);

        var result = a.At[oracle.Index].Add(value);

        for (int i = 0; i < values.Length; i++)
        {
            data[oracle.Sources[i]] += values[i];
        }

        Assert.That(result.ToArray<int>(), Is.EqualTo(data));
        Assert.That(a.ToArray<int>(), Is.EqualTo(before));
    }

    [Test]
    public void RepeatedPositionsCountEachTime()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<float>([8, 8, 8]);
        int[] index = [0, 0, 2];
        Assert.Multiple(() =>
        {
            Assert.That(a.At[index].Add(1).ToArray<float>(), Is.EqualTo(new float[] { 10, 8, 9 }));
            Assert.That(a.At[index].Subtract(1).ToArray<float>(), Is.EqualTo(new float[] { 6, 8, 7 }));
            Assert.That(a.At[index].Multiply(2).ToArray<float>(), Is.EqualTo(new float[] { 32, 8, 16 }));
            Assert.That(a.At[index].Divide(2).ToArray<float>(), Is.EqualTo(new float[] { 2, 8, 4 }));
            Assert.That(a.At[index].Maximum(MlxArray.Create<float>([9, 10, 1])).ToArray<float>(), Is.EqualTo(new float[] { 10, 8, 8 }));
            Assert.That(a.At[index].Minimum(MlxArray.Create<float>([1, 10, 1])).ToArray<float>(), Is.EqualTo(new float[] { 1, 8, 1 }));
            Assert.That(a.At[1..].Multiply(2).ToArray<float>(), Is.EqualTo(new float[] { 8, 16, 16 }));
            Assert.That(a.At[^1].Divide(4).ToArray<float>(), Is.EqualTo(new float[] { 8, 8, 2 }));
            Assert.That(a.At[..2].Maximum(9).ToArray<float>(), Is.EqualTo(new float[] { 9, 9, 8 }));
            Assert.That(a.At[0].Minimum(7).ToArray<float>(), Is.EqualTo(new float[] { 7, 8, 8 }));
            Assert.That(a.At[Mx.Ellipsis].Subtract(8).ToArray<float>(), Is.EqualTo(new float[] { 0, 0, 0 }));
        });
    }

    [Test]
    public void CSharpIndicesAndRangesMatchPythonSlices()
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([4, 5]);
        Assert.Multiple(() =>
        {
            Assert.That(a[^1, ^2].Item<int>(), Is.EqualTo(18));
            Assert.That(a[1..3, 0].ToArray<int>(), Is.EqualTo(new[] { 5, 10 }));
            Assert.That(a[..2, 3..].ToArray<int>(), Is.EqualTo(new[] { 3, 4, 8, 9 }));
            Assert.That(a[^2.., ..^4].ToArray<int>(), Is.EqualTo(new[] { 10, 15 }));
            Assert.That(a[.., new List<int> { 1, 0 }][0].ToArray<int>(), Is.EqualTo(new[] { 1, 0 }));
            Assert.That(a[new Slice(null, null, -1), 0].ToArray<int>(), Is.EqualTo(new[] { 15, 10, 5, 0 }));
            Assert.That(a[MlxArray.Scalar(2L), 1].Item<int>(), Is.EqualTo(11));
            Assert.That(a[MlxArray.Create<ulong>([1]), MlxArray.Create<sbyte>([-1])].ToArray<int>(), Is.EqualTo(new[] { 9 }));
        });
    }

    [TestCase("7")]
    [TestCase("-8")]
    [TestCase("[0 7]")]
    [TestCase("[-8]")]
    public void PositionsOutOfBoundsRaise(string expression)
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([7]);
        MlxIndex index = expression.StartsWith('[')
            ? MlxArray.Create(expression.Trim('[', ']').Split(' ').Select(long.Parse).ToArray())
            : int.Parse(expression);
        Assert.That(() => a[index], Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("axis 0 of size 7"));
        Assert.That(() => a[index] = 1, Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => a.At[index].Add(1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void WrongIndicesAreExplained()
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([2, 3]);
        Assert.Multiple(() =>
        {
            Assert.That(() => a[0, 0, 0], Throws.ArgumentException.With.Message.Contains("Too many indices: 3"));
            Assert.That(() => a[Mx.Ellipsis, Mx.Ellipsis], Throws.ArgumentException.With.Message.Contains("one ellipsis"));
            Assert.That(() => a[MlxArray.Create<float>([0])], Throws.ArgumentException.With.Message.Contains("float32"));
            Assert.That(() => a[MlxArray.Create<bool>([true, false])], Throws.ArgumentException.With.Message.Contains("Mx.Where"));
            Assert.That(() => a[new bool[] { true, false }], Throws.TypeOf<NotSupportedException>());
            Assert.That(() => a.At[new bool[] { true, false }].Add(1), Throws.TypeOf<NotSupportedException>());
            Assert.That(() => a[new Slice(0, 1, 0)], Throws.ArgumentException.With.Message.Contains("step"));
            Assert.That(() => a[new int[] { 0, 1 }, new int[] { 0, 1, 2 }], Throws.ArgumentException.With.Message.Contains("broadcast"));
            Assert.That(() => a[0] = MlxArray.Create<int>([1, 2]),
                Throws.ArgumentException.With.Message.Contains("(2)").And.Message.Contains("(3)"));
            Assert.That(() => a[^0], Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => MlxArray.Scalar(1)[0], Throws.ArgumentException);
        });
    }

    [Test]
    public void ScalarsHaveEllipsisAndNewAxisOnly()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Scalar(3);
        Assert.That(a[Mx.Ellipsis].Item<int>(), Is.EqualTo(3));
        Assert.That(a[Mx.NewAxis, Mx.NewAxis].Shape.ToArray(), Is.EqualTo(new[] { 1, 1 }));
        a[Mx.Ellipsis] = 4.9;
        Assert.That(a.Item<int>(), Is.EqualTo(4));
    }

    [Test]
    public void MasksSelectNumbersAndRows()
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([2, 3]);
        a[a.Greater(2)] = 9;
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 0, 1, 2, 9, 9, 9 }));
        a[new bool[] { true, false }] = MlxArray.Create<int>([7, 8, 9]);
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 7, 8, 9, 9, 9, 9 }));
        a[true] = 1;
        Assert.That(a.ToArray<int>(), Is.All.EqualTo(1));
        Assert.That(() => a[new bool[] { true }] = 1, Throws.ArgumentException.With.Message.Contains("mask"));
    }

    [Test]
    public void MasksTakeOneRowPerPosition()
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([3, 2]);
        a[new bool[] { true, false, true }] = MlxArray.Create<int>([10, 11, 12, 13], 2, 2);
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 10, 11, 2, 3, 12, 13 }));
        a[a.Less(4)] = MlxArray.Create<int>([-1, -2]);
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 10, 11, -1, -2, 12, 13 }));
        a[a.Less(4)] = MlxArray.Create<int>([-3, -4, -5]);
        Assert.That(a.ToArray<int>(), Is.EqualTo(new[] { 10, 11, -3, -4, 12, 13 }), "The first ones are taken.");
        Assert.That(() => a[a.Less(20)] = MlxArray.Create<int>([1, 2, 3]),
            Throws.ArgumentException.With.Message.Contains("selects 6 positions"));
    }

    [CpuOnly("float64")]
    [Test]
    public void WritingKeepsTheElementType()
    {
        using var scope = MlxScope.Begin();
        var a = MlxArray.Create<Half>([(Half)1, (Half)2]);
        a[0] = 2.5;
        a[new int[] { 1 }] = MlxArray.Create<double>([0.25]);
        Assert.That(a.ToArray<Half>(), Is.EqualTo(new[] { (Half)2.5, (Half)0.25 }));
    }

    [Test]
    public void IteratesOverTheFirstAxis()
    {
        using var scope = MlxScope.Begin();
        var (a, _) = Numbers([3, 2]);
        var sums = new List<int>();
        foreach (var row in a)
        {
            sums.Add(row.Sum().Item<int>());
        }

        Assert.That(sums, Is.EqualTo(new[] { 1, 5, 9 }));
        Assert.That(a.Rows().Count(), Is.EqualTo(3));
        Assert.That(() => MlxArray.Scalar(1).Rows(), Throws.InvalidOperationException);
    }

    [Test]
    public void LeavesNoHandleBehind()
    {
        var (a, _) = Numbers([4, 5, 6]);
        _ = a[0, 0, 0].Item<int>();
        using (HandleCount.NoneLeft())
        {
            using var x = a[^1];
            using var y = a[new int[] { 0, 1 }, .., new int[] { 2, 3 }];
            using var z = a[Mx.NewAxis, 1..3, 2, new int[] { 1, 0 }];
            using var w = a.At[new int[] { 0, 1 }, ..2].Add(1);
            a[..2, new int[] { 0, 1 }] = 7;
            a[1, ..] = 3;
            Assert.That(() => a[0] = MlxArray.Scalar(1.5f).Reshape(1, 1, 1, 1), Throws.Nothing);
            HandleCount.Settle();
        }

        a.Dispose();
    }

    private static (MlxArray Array, int[] Data) Numbers(int[] shape)
    {
        int[] data = [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size))];
        return (MlxArray.Create(data, shape), data);
    }
}
