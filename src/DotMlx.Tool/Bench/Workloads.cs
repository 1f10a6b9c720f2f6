using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tool.Bench;

/// <summary>The measured operations. The small set is for a quick check and for the reference library.</summary>
internal static class Workloads
{
    private static readonly DType[] MatrixTypes = [DType.Float32, DType.Float16, DType.BFloat16];
    private static readonly DType[] ElementTypes = [DType.Float32, DType.Float16];
    private static readonly int[] SmallMatrices = [128, 256];
    private static readonly int[] Matrices = [512, 1024, 2048, 4096];

    public static IEnumerable<Workload> All(bool small) =>
    [
        .. MatrixTypes.SelectMany(type => (small ? SmallMatrices : Matrices).Select(n => MatMul(n, type))),
        .. ElementTypes.SelectMany(type => Elementwise(small ? 1 << 18 : 1 << 24, type)),
        Softmax(small ? 256 : 4096, DType.Float32),
        LayerNorm(small ? 256 : 4096, DType.Float32),
        Attention(small ? 64 : 1024, small ? 4 : 32, small ? 32 : 128, DType.Float16),
        Decoding(small ? 256 : 4096, small ? 4 : 32, small ? 32 : 128, DType.Float16),
        QuantizedMatMul(1, small ? 256 : 4096),
        QuantizedMatMul(small ? 32 : 512, small ? 256 : 4096),
        TrainingStep(small ? 32 : 256, small ? 64 : 1024),
    ];

    private static Workload MatMul(int n, DType type) => new("matmul", $"{n} x {n}", type.MlxName(), 2.0 * n * n * n, "FLOP", () =>
    {
        (MlxArray a, MlxArray b) = (Random(type, n, n), Random(type, n, n));
        return () => Run(() => Mx.MatMul(a, b));
    });

    private static IEnumerable<Workload> Elementwise(int count, DType type)
    {
        double bytes = (double)count * type.ItemSize();
        yield return new("add", Elements(count), type.MlxName(), 3 * bytes, "B", () =>
        {
            (MlxArray a, MlxArray b) = (Random(type, count), Random(type, count));
            return () => Run(() => Mx.Add(a, b));
        });
        yield return new("exp", Elements(count), type.MlxName(), 2 * bytes, "B", () =>
        {
            MlxArray a = Random(type, count);
            return () => Run(() => Mx.Exp(a));
        });
        yield return new("sum", Elements(count), type.MlxName(), bytes, "B", () =>
        {
            MlxArray a = Random(type, count);
            return () => Run(() => Mx.Sum(a));
        });
    }

    private static Workload Softmax(int n, DType type) =>
        new("softmax", $"{n} x {n}", type.MlxName(), 2.0 * n * n * type.ItemSize(), "B", () =>
    {
        MlxArray a = Random(type, n, n);
        return () => Run(() => Mx.Softmax(a, -1));
    });

    private static Workload LayerNorm(int n, DType type) =>
        new("layer norm", $"{n} x {n}", type.MlxName(), 2.0 * n * n * type.ItemSize(), "B", () =>
    {
        (MlxArray a, MlxArray weight, MlxArray bias) = (Random(type, n, n), Random(type, n), Random(type, n));
        return () => Run(() => Mx.Fast.LayerNorm(a, weight, bias, 1e-5f));
    });

    private static Workload Attention(int length, int heads, int features, DType type) =>
        new("attention", $"{length} tokens, {heads} heads of {features}", type.MlxName(),
            4.0 * heads * length * length * features, "FLOP", () =>
        {
            (MlxArray q, MlxArray k, MlxArray v) = (Random(type, 1, heads, length, features), Random(type, 1, heads, length, features),
                Random(type, 1, heads, length, features));
            float scale = 1 / MathF.Sqrt(features);
            return () => Run(() => Mx.Fast.ScaledDotProductAttention(q, k, v, scale));
        });

    private static Workload Decoding(int length, int heads, int features, DType type) =>
        new("attention, 1 token", $"{length} keys, {heads} heads of {features}", type.MlxName(),
            2.0 * heads * length * features * type.ItemSize(), "B", () =>
        {
            (MlxArray q, MlxArray k, MlxArray v) = (Random(type, 1, heads, 1, features), Random(type, 1, heads, length, features),
                Random(type, 1, heads, length, features));
            float scale = 1 / MathF.Sqrt(features);
            return () => Run(() => Mx.Fast.ScaledDotProductAttention(q, k, v, scale));
        });

    private static Workload QuantizedMatMul(int rows, int n) =>
        new("quantized matmul", $"{rows} x {n} x {n}, 4 bits", "float32", 2.0 * rows * n * n, "FLOP", () =>
    {
        MlxArray x = Random(DType.Float32, rows, n);
        (MlxArray w, MlxArray scales, MlxArray? biases) = Mx.Quantize(Random(DType.Float32, n, n), groupSize: 64, bits: 4);
        Mx.Eval(w, scales, biases!);
        return () => Run(() => Mx.QuantizedMatMul(x, w, scales, biases, groupSize: 64, bits: 4));
    });

    private static Workload TrainingStep(int batch, int width) =>
        new("training step", $"batch {batch}, 784-{width}-{width}-10, Adam", "float32", batch, "examples", () =>
    {
        const int Inputs = 784;
        const int Classes = 10;
        var model = new Sequential(new Linear(Inputs, width), new ReLU(), new Linear(width, width), new ReLU(), new Linear(width, Classes));
        var optimizer = new Adam(1e-3f);
        (MlxArray x, MlxArray y) = (Random(DType.Float32, batch, Inputs), Mx.Random.RandInt(0, Classes, [batch]));
        Mx.Eval(y);
        Mx.Eval(model.Parameters());
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients =
            model.ValueAndGrad((images, labels) => Losses.CrossEntropy(model.Forward(images), labels, reduction: NN.Reduction.Mean));
        return () =>
        {
            (MlxArray loss, TreeDictionary gradients) = lossAndGradients(x, y);
            optimizer.Update(model, gradients);
            Mx.Eval(loss, model.Parameters(), optimizer.State);
        };
    });

    private static void Run(Func<MlxArray> operation)
    {
        using MlxArray result = operation();
        Mx.Eval(result);
    }

    private static MlxArray Random(DType type, params ReadOnlySpan<int> shape)
    {
        using MlxArray numbers = Mx.Random.Normal(shape);
        MlxArray array = numbers.AsType(type);
        Mx.Eval(array);
        return array;
    }

    private static string Elements(int count) => $"{Units.Count(count)} elements";
}
