using System.Text.Json;

namespace DotMlx.Tests.Operations;

/// <summary>Tests every call of golden/ops.json and its gradients.</summary>
public class GoldenOperationTests
{
    private static readonly JsonElement Cases = Golden.Load("ops.json").GetProperty("cases");

    // The functions that the reference library lacks: decompositions, Fourier transforms, and quantized arrays.
    internal static readonly HashSet<string> MlxOnly =
    [
        "linalg.inv", "linalg.cholesky", "linalg.solve", "linalg.eigvalsh", "linalg.svd", "linalg.qr", "linalg.pinv",
        "linalg.lu_factor", "linalg.tri_inv", "fft.fft", "fft.ifft", "fft.rfft", "fft.irfft", "fft.fft2", "fft.rfftn",
        "quantize", "dequantize", "quantized_matmul",
    ];

    /// <summary>The functions with figures.</summary>
    internal static readonly HashSet<string> Operations =
        [.. Cases.EnumerateArray().Select(test => test.GetProperty("op").GetString()!)];

    private static IEnumerable<TestCaseData> All()
        => Cases.EnumerateArray().Select((test, index) => Named(test, index));

    private static IEnumerable<TestCaseData> WithGradient()
        => Cases.EnumerateArray().Select((test, index) => (test, index))
            .Where(pair => pair.test.TryGetProperty("grad", out _)).Select(pair => Named(pair.test, pair.index));

    [Test]
    public void TheFiguresAreComplete()
    {
        Assert.That(All().Count(), Is.EqualTo(264));
        Assert.That(WithGradient().Count(), Is.EqualTo(162));
    }

    [TestCaseSource(nameof(All))]
    public void ResultMatchesMlx(int index)
    {
        JsonElement test = Cases[index];
        Require(test);
        using HandleCount handles = HandleCount.NoneLeft();
        List<MlxArray> made = [];
        MlxArray[] outputs = GoldenFunctions.Run(new GoldenCall(test, made));
        made.AddRange(outputs);
        JsonElement expected = test.GetProperty("out");
        Assert.That(outputs, Has.Length.EqualTo(expected.GetArrayLength()));
        for (int i = 0; i < outputs.Length; i++)
        {
            Golden.AssertClose(outputs[i], expected[i], what: $"output {i}");
        }

        made.ForEach(array => array.Dispose());
    }

    [TestCaseSource(nameof(WithGradient))]
    public void GradientMatchesMlx(int index)
    {
        JsonElement test = Cases[index];
        Require(test);
        JsonElement gradient = test.GetProperty("grad");
        if (test.GetProperty("op").GetString() is "sort" or "median")
        {
            Assert.Ignore(
                "MLX 0.31.2 permutes the gradient of a sort the wrong way; DerivativeRuleTests has the right ones, those of MLX 0.32.");
        }

        // The subscripts of einsum don't count as an argument.
        int first = test.GetProperty("args")[0].ValueKind == JsonValueKind.String ? 1 : 0;
        int[] positions = [.. GoldenCall.Ints(gradient.GetProperty("argnums")).Select(position => position + first)];
        List<MlxArray> made = [];
        GoldenCall plain = new(test, made);
        MlxArray[] primals = [.. positions.Select(plain.Array)];
        MlxArray[] cotangents = [.. test.GetProperty("out").EnumerateArray().Select(Cotangent)];
        (MlxArray[] outputs, MlxArray[] gradients) = Mx.Vjp(
            inputs => GoldenFunctions.Run(new GoldenCall(test, made, positions.Zip(inputs).ToDictionary())), primals, cotangents);

        if (LibraryInUse.IsReference && test.GetProperty("op").GetString() == "conv_general")
        {
            // MLX's gradient of a broadcast input lacks the last row; the reference library's is complete.
            made.Add(gradients[0]);
            gradients[0] = Mx.Split(gradients[0], [gradients[0].Shape[1] - 1], 1)[0];
        }

        JsonElement values = gradient.GetProperty("values");
        if (positions.Length == 1)
        {
            // The figure of a single gradient is the list of its rows.
            MlxArray[] rows = [.. values.EnumerateArray().Select(Golden.Array)];
            using MlxArray expected = Mx.Stack(rows);
            Golden.AssertClose(gradients[0], expected, what: "gradient");
            made.AddRange(rows);
        }
        else
        {
            for (int i = 0; i < positions.Length; i++)
            {
                Golden.AssertClose(gradients[i], values[i], what: $"gradient of argument {positions[i]}");
            }
        }

        foreach (MlxArray array in made.Concat(cotangents).Concat(outputs).Concat(gradients))
        {
            array.Dispose();
        }
    }

    [TestCase("cummax")]
    [TestCase("cummin")]
    public void FunctionsWithoutAGradientSaySo(string op)
    {
        JsonElement test = Cases.EnumerateArray().First(item => item.GetProperty("op").GetString() == op);
        using MlxArray primal = Golden.Array(test.GetProperty("args")[0]);
        using MlxArray cotangent = Mx.OnesLike(primal);
        if (LibraryInUse.IsMlxSince("0.32"))
        {
            Assert.Ignore("It has a gradient since MLX 0.32; RuleTests has it.");
        }

        Assert.That(
            () => Mx.Vjp(a => GoldenFunctions.Run(new GoldenCall(test, [], new Dictionary<int, MlxArray> { [0] = a }))[0], primal,
                cotangent),
            Throws.TypeOf<MlxException>().With.Message.Contains("no gradient"));
    }

    private static MlxArray Cotangent(JsonElement output)
    {
        int[] shape = Golden.Shape(output);
        int size = shape.Aggregate(1, (product, next) => product * next);
        float[] values = [.. Enumerable.Range(0, size).Select(i => (float)Math.Cos(i))];
        return shape.Length == 0 ? MlxArray.Scalar(values[0]) : MlxArray.Create(values, shape);
    }

    private static void Require(JsonElement test)
    {
        string op = test.GetProperty("op").GetString()!;
        if (LibraryInUse.IsReference && MlxOnly.Contains(op))
        {
            Assert.Ignore($"Needs MLX: the reference library does not provide {op}.");
        }
    }

    private static TestCaseData Named(JsonElement test, int index)
        => new TestCaseData(index).SetArgDisplayNames($"{index:000} {test.GetProperty("op").GetString()}");
}
