using DotMlx.Tests.Operations;

namespace DotMlx.Tests.Transforms;

/// <summary>
/// A vectorized function is a loop, whichever of its arguments are mapped, over whichever axis, and so are its gradients inside.
/// MLX's own rules are wrong for many of these functions if one argument isn't mapped, or if a number that is mapped is broadcast (0.31.2).
/// </summary>
[RequiresMlx("vmap")]
public class VectorizationTests
{
    private const int Batch = 3;

    private static readonly (string Name, Func<MlxArray[], MlxArray> Of, string[] Arguments)[] Functions =
    [
        // An argument is its letter (f: floats, p: positive ones, i: integers, b: bools, s: scalar positions 1 and 3), and its shape.
        ("not equal", x => Mx.NotEqual(x[0], x[1]), ["f 2 4", "f 4"]),
        ("equal", x => Mx.Equal(x[0], x[1]), ["f 4", "f 2 4"]),
        ("and", x => x[0] & x[1], ["i 4", "i 2 4"]),
        ("or with a number", x => x[0] | 3, ["i 2 4"]),
        ("xor", x => Mx.BitwiseXor(x[0], x[1]), ["i 2 4", "i"]),
        ("left shift", x => Mx.LeftShift(x[0], x[1]), ["i 2 4", "i 4"]),
        ("right shift", x => Mx.RightShift(x[0], x[1]), ["i 4", "i 2 4"]),
        ("divmod", x => Mx.DivMod(x[0], x[1]).Remainder, ["p 2 4", "p 4"]),
        ("where", x => Mx.Where(x[0], x[1], x[2]), ["b 4", "f 2 4", "f"]),
        ("clip", x => Mx.Clip(x[0], x[1], x[2]), ["f 2 4", "f 4", "p"]),
        ("addmm", x => Mx.AddMM(x[0], x[1], x[2]), ["f 3", "f 2 4", "f 4 3"]),
        ("matmul", x => Mx.MatMul(x[0], x[1]), ["f 5 2 4", "f 4 3"]),
        ("einsum", x => Mx.Einsum("ij,jk->ki", x[0], x[1]), ["f 2 4", "f 4 3"]),
        ("concatenate", x => Mx.Concatenate([x[0], x[1]], 1), ["f 2 4", "f 2 3"]),
        ("kron", x => Mx.Kron(x[0], x[1]), ["f 2 2", "f 2 3"]),
        ("conv1d", x => Mx.Conv1d(x[0], x[1]), ["f 2 6 3", "f 4 3 3"]),
        ("conv1d in groups", x => Mx.Conv1d(x[0], x[1], groups: 2), ["f 2 6 4", "f 4 3 2"]),
        ("conv2d in groups", x => Mx.Conv2d(x[0], x[1], groups: 2), ["f 1 3 3 4", "f 4 2 2 2"]),
        ("transposed convolution in groups", x => Mx.ConvTranspose1d(x[0], x[1], groups: 2), ["f 2 6 4", "f 4 3 2"]),
        ("take", x => Mx.Take(x[0], x[1], 0), ["f 5 4", "i 3"]),
        ("take_along_axis", x => Mx.TakeAlongAxis(x[0], x[1], 1), ["f 5 4", "i 1 2"]),
        ("put_along_axis", x => Mx.PutAlongAxis(x[0], x[1], x[2], 1), ["f 5 4", "i 5 1", "f 5 1"]),
        ("a[0] = v", x => Written(x[0], [0], x[1]), ["f 5 4", "f 4"]),
        ("a[0] = number", x => Written(x[0], [0], x[1]), ["f 5 4", "f"]),
        ("a[1:3] = v", x => Written(x[0], [1..3], x[1]), ["f 5 4", "f 2 4"]),
        ("a[:, ::-2] = v", x => Written(x[0], [Range.All, new Slice(null, null, -2)], x[1]), ["f 5 4", "f 5 2"]),
        ("a[array] = v", x => Written(x[0], [x[1]], x[2]), ["f 5 4", "s 2", "f 2 4"]),
        ("a[:, array] = number", x => Written(x[0], [Range.All, x[1]], x[2]), ["f 5 4", "s 2", "f"]),
        ("a[mask] = number", x => Written(x[0], [x[1]], x[2]), ["f 5 4", "b 5 4", "f"]),
        ("a[mask] = rows", x => Written(x[0], [x[1]], x[2]), ["f 5", "b 5", "f 5"]),
        ("add at", x => x[0].At[1..3].Add(x[1]), ["f 5 4", "f 2 4"]),
        ("subtract at", x => x[0].At[0].Subtract(x[1]), ["f 5 4", "f 4"]),
        ("multiply at", x => x[0].At[0].Multiply(x[1]), ["f 5 4", "f 4"]),
        ("divide at", x => x[0].At[1..3].Divide(x[1]), ["f 5 4", "p 2 4"]),
        ("maximum at", x => x[0].At[1..3].Maximum(x[1]), ["f 5 4", "f 2 4"]),
        ("minimum at", x => x[0].At[0].Minimum(x[1]), ["f 5 4", "f 4"]),
        ("add at positions", x => x[0].At[x[1]].Add(x[2]), ["f 5 4", "s 2", "f 2 4"]),
        ("maximum at positions", x => x[0].At[.., x[1]].Maximum(x[2]), ["f 5 4", "s 2", "f 5 2"]),
        ("a[array]", x => x[0][.., x[1]], ["f 5 4", "i 3"]),
        ("a[array, array]", x => x[0][x[1], x[2]], ["f 5 4", "i 3 1", "i 2"]),
        ("a[None, :, None]", x => x[0][Mx.NewAxis, .., Mx.NewAxis], ["f 5 4"]),
        ("expand_dims", x => Mx.ExpandDims(x[0], [0, 3]), ["f 5 4"]),
        ("squeeze", x => Mx.Squeeze(x[0]), ["f 1 4 1 2"]),
        ("slice_update", x => Mx.SliceUpdate(x[0], x[1], Numbers.Ints(1, 1), [0, 1]), ["f 5 4", "f 2 3"]),
        ("slice_update of rows", x => Mx.SliceUpdate(x[0], x[1], Numbers.Ints(2), [0]), ["f 5 4", "f 1 4"]),
        ("attention", x => Mx.Fast.ScaledDotProductAttention(x[0], x[1], x[2], 0.5, x[3]), ["f 1 4 3 4", "f 1 2 5 4", "f 1 2 5 4", "f 3 5"]),
        ("causal attention", x => Mx.Fast.ScaledDotProductAttention(x[0], x[1], x[2], 0.5, "causal"), ["f 1 2 3 4", "f 1 2 3 4", "f 1 2 3 4"]),
        ("rms_norm", x => Mx.Fast.RMSNorm(x[0], x[1], 1e-5), ["f 2 4", "f 4"]),
        ("layer_norm", x => Mx.Fast.LayerNorm(x[0], x[1], x[2], 1e-5), ["f 2 4", "f 4", "f 4"]),
        ("rope", x => Mx.Fast.RoPE(x[0], 4, false, 10000, 1, x[1]), ["f 2 3 4", "i"]),
        ("sort", x => Mx.Sort(x[0]), ["f 5 4"]),
        ("full", x => Mx.Full([3, 4], x[0]), ["f 4"]),
        ("as_strided", x => Mx.AsStrided(x[0], [3, 2], [2, -1], 3), ["f 2 4"]),
        ("depends", x => Mx.Depends(x[0], x[1]) * x[1], ["f 4", "f 4"]),
        ("gather_mm", x => Mx.GatherMM(x[0], x[1], rhsIndices: x[2]), ["f 2 3 4", "f 5 4 2", "s 2"]),
        ("segmented_mm", x => Mx.SegmentedMM(x[0], x[1], MlxArray.Create<int>([0, 1, 1, 4], 2, 2)), ["f 3 4", "f 4 2"]),
        ("quantized_matmul", x => QuantizedProduct(x[0]), ["f 2 64"]),
        ("sort of all", x => Mx.Sort(x[0], null), ["f 5 4"]),
        ("argsort", x => Mx.ArgSort(x[0], 0), ["f 5 4"]),
        ("partition", x => Mx.Sort(Mx.Partition(x[0], 2)[.., ..3]), ["f 5 4"]),
        ("partition of all", x => Mx.Sort(Mx.Partition(x[0], 7, null)[..8]), ["f 5 4"]),
        ("argpartition", x => Mx.Sort(Mx.ArgPartition(x[0], 2, 0)[..3], 0), ["f 5 4"]),
        ("topk", x => Mx.Sort(Mx.TopK(x[0], 2, 0), 0), ["f 5 4"]),
        ("topk of all", x => Mx.Sort(Mx.TopK(x[0], 2, null)), ["f 5 4"]),
        ("median", x => Mx.Median(x[0], 1), ["f 5 4"]),
        ("median of all", x => Mx.Median(x[0]), ["f 5 4"]),
        ("argmax", x => Mx.ArgMax(x[0], -1), ["f 5 4"]),
        ("cumsum", x => Mx.CumSum(x[0], 1, reverse: true), ["f 5 4"]),
        ("cummax", x => Mx.CumMax(x[0], 0), ["f 5 4"]),
        ("softmax", x => Mx.Softmax(x[0], 0), ["f 5 4"]),
        ("logsumexp", x => Mx.LogSumExp(x[0], [0, 1]), ["f 5 4"]),
        ("var", x => Mx.Var(x[0], 0), ["f 5 4"]),
        ("searchsorted", x => Mx.SearchSorted(Mx.Sort(x[0]), x[1]), ["f 5", "f 3"]),
        ("pad", x => Mx.Pad(x[0], [(1, 2), (0, 1)], PadMode.Edge), ["f 5 4"]),
        ("roll", x => Mx.Roll(x[0], 2), ["f 5 4"]),
        ("tile", x => Mx.Tile(x[0], [2, 3]), ["f 5 4"]),
        ("repeat", x => Mx.Repeat(x[0], 2), ["f 5 4"]),
        ("diagonal", x => Mx.Diagonal(x[0], 1), ["f 5 4"]),
        ("tril", x => Mx.Tril(x[0]), ["f 5 4"]),
        ("split", x => Mx.Split(x[0], 2, 1)[1], ["f 5 4"]),
        ("abs of fft2", x => Mx.Abs(Mx.Fft.FFT2(x[0])), ["f 4 6"]),
        ("rfft2", x => Mx.Abs(Mx.Fft.RFFT2(x[0])), ["f 4 6"]),
        ("irfft", x => Mx.Fft.IRFFT(Mx.Fft.RFFT(x[0], axis: 0), 4, 0), ["f 4 6"]),
        ("isclose", x => Mx.IsClose(x[0], x[1]), ["f 4", "f 2 4"]),
        ("cross", x => Mx.Linalg.Cross(x[0], x[1]), ["f 2 3", "f 3"]),
        ("compiled", x => Mx.Compile((MlxArray a, MlxArray b) => Mx.Sort(a & b))(x[0], x[1]), ["i 4", "i 2 4"]),
        ("checkpoint", x => Mx.Checkpoint((MlxArray a, MlxArray b) => Written(Mx.Sort(a), [0], b))(x[0], x[1]), ["f 5 4", "f 4"]),
        ("custom function", x => new CustomFunction(y => [Written(Mx.Sort(y[0]), [0], y[1])]) { Jvp = (_, t) => [t[0]!] }.Invoke(x)[0],
            ["f 5 4", "f 4"]),
    ];

    // Gradients that MLX doesn't have, or that it refuses to vectorize by name.
    private static readonly string[] WithoutGradient = ["conv1d", "cummax", "custom function", "isclose", "maximum at positions"];

    private static IEnumerable<TestCaseData> Cases() =>
        from function in Functions
        from gradient in (bool[])[false, true]
        where !gradient || (function.Arguments.Any(IsInexact) && !WithoutGradient.Contains(function.Name))
        select new TestCaseData(function, gradient).SetArgDisplayNames(function.Name, gradient ? "gradient" : "value");

    [TestCaseSource(nameof(Cases))]
    public void VmapIsALoop((string Name, Func<MlxArray[], MlxArray> Of, string[] Arguments) function, bool gradient)
    {
        int count = function.Arguments.Length;
        MlxArray[] shared = [.. function.Arguments.Select((argument, i) => Argument(argument, i, []))];
        MlxArray[] mapped = [.. function.Arguments.Select((argument, i) => Argument(argument, i + 10, [Batch]))];
        MlxArray[] other = [.. function.Arguments.Select((argument, i) => Argument(argument, i + 20, []))];
        MlxArray chosen = MlxArray.Create<bool>([true, false, true]);
        MlxArray[] Of(MlxArray[] x) => gradient ? Gradients(function.Of, x, function.Arguments) : [function.Of(x)];

        for (int subset = 1; subset < 1 << count; subset++)
        {
            bool[] isMapped = [.. Enumerable.Range(0, count).Select(i => (subset >> i & 1) != 0)];
            string which = $"mapped: {string.Join(", ", isMapped)}";

            MlxArray[][] loop =
                [.. Enumerable.Range(0, Batch).Select(b => Of([.. isMapped.Select((on, i) => on ? mapped[i][b] : shared[i])]))];
            MlxArray[] vectorized = Mx.Vmap(Of, [.. isMapped.Select(on => on ? 0 : (int?)null)])(
                [.. isMapped.Select((on, i) => on ? mapped[i] : shared[i])]);
            AssertEqual(vectorized, loop, which);

            // A choice by a number puts the mapped axis last.
            MlxArray[] ByNumber(MlxArray[] x) =>
                Of([.. isMapped.Select((on, i) => on ? Mx.Where(x[0], shared[i], other[i]) : shared[i])]);
            loop = [.. Enumerable.Range(0, Batch).Select(b => ByNumber([chosen[b]]))];
            AssertEqual(Mx.Vmap(ByNumber)([chosen]), loop, $"{which}, last axis");
        }
    }

    [Test]
    public void ANumberThatPadsIsNotMapped()
    {
        Func<MlxArray, MlxArray, MlxArray> padded = Mx.Vmap((MlxArray a, MlxArray number) => Mx.Pad(a, 1, constantValues: number));
        Assert.That(() => padded(Mx.Ones(2, 3), Numbers.Array(1, 2)), Throws.InstanceOf<MlxException>().With.Message.Contains("pad"));
    }

    [Test]
    public void NestedVmapIsTwoLoops()
    {
        MlxArray x = Numbers.Array(1, 2, 3), y = Numbers.Array(2, 4);
        MlxArray Of(MlxArray a, MlxArray b) => Written(Mx.Sort(a * Mx.Ones(3)), [1], b);
        MlxArray vectorized = Mx.Vmap((MlxArray row) => Mx.Vmap((MlxArray b) => Of(row, b))(y))(x);
        MlxArray reversed = Mx.Vmap((MlxArray b) => Mx.Vmap((MlxArray row) => Of(row, b))(x))(y);
        Assert.That(vectorized.Shape.ToArray(), Is.EqualTo(new[] { 2, 4, 3 }));
        for (int i = 0; i < 2; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                Numbers.AreClose(vectorized[i, j], Of(x[i], y[j]));
                Numbers.AreClose(reversed[j, i], Of(x[i], y[j]));
            }
        }
    }

    [Test]
    public void ACompiledVmapIsALoop()
    {
        MlxArray x = Numbers.Array(1, 3, 5), y = Numbers.Array(2, 5);
        Func<MlxArray, MlxArray, MlxArray> of = Mx.Vmap((MlxArray a, MlxArray b) => Written(Mx.Sort(a), [0], b[0]) + b, [0, null]);
        Numbers.AreClose(Mx.Compile(of)(x, y), of(x, y));
        Func<MlxArray, MlxArray, MlxArray> shapeless =
            Mx.Compile(Mx.Vmap((MlxArray a, MlxArray b) => Mx.Sort(a + b), [0, null]), shapeless: true);
        Numbers.AreClose(shapeless(x, y), Mx.Sort(x + y));
        Numbers.AreClose(shapeless(x[..2], y), Mx.Sort(x[..2] + y));
    }

    [Test]
    public void AnEmptyBatchHasEmptyResults()
    {
        MlxArray result = Mx.Vmap((MlxArray a, MlxArray b) => Written(Mx.Sort(a), [0], b), [0, null])(Mx.Zeros(0, 5), Mx.Zeros([]));
        Assert.That(result.Shape.ToArray(), Is.EqualTo(new[] { 0, 5 }));
    }

    private static void AssertEqual(MlxArray[] vectorized, MlxArray[][] loop, string which)
    {
        for (int i = 0; i < vectorized.Length; i++)
        {
            Numbers.AreClose(vectorized[i], Mx.Stack([.. loop.Select(results => results[i])]), 1e-4, $"{which}: result {i}");
        }
    }

    private static MlxArray[] Gradients(Func<MlxArray[], MlxArray> of, MlxArray[] arguments, string[] names)
    {
        int[] inexact = [.. names.Index().Where(name => IsInexact(name.Item)).Select(name => name.Index)];
        return Mx.Grad(
            x =>
            {
                MlxArray result = of(x).AsType(DType.Float32);
                return Mx.Sum(Mx.Sin(result) * Mx.Reshape(Mx.Cos(Mx.Arange(result.Size)), result.Shape));
            },
            inexact)(arguments);
    }

    private static bool IsInexact(string argument) => argument[0] is 'f' or 'p';

    private static MlxArray QuantizedProduct(MlxArray x)
    {
        (MlxArray w, MlxArray scales, MlxArray? biases) = Mx.Quantize(Numbers.Array(7, 4, 64));
        return Mx.QuantizedMatMul(x, w, scales, biases);
    }

    private static MlxArray Written(MlxArray a, MlxIndex[] index, MlxArray value)
    {
        MlxArray copy = a * 1;
        copy[index] = value;
        return copy;
    }

    private static MlxArray Argument(string description, int seed, int[] batch)
    {
        string[] parts = description.Split(' ');
        MlxArray noise = Numbers.Array(seed, [.. batch, .. parts[1..].Select(int.Parse)]);
        return parts[0] switch
        {
            "f" => noise,
            "p" => noise + 1.5f,
            "i" => Mx.Floor(noise * 2 + 2).AsType(DType.Int32),
            "b" => noise > 0,
            _ => Mx.BroadcastTo(Numbers.Ints(1, 3), noise.Shape),
        };
    }
}
