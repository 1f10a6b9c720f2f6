using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Compares every initializer with figures of Python's MLX, from the same seed of the global state.</summary>
public class GoldenInitializerTests
{
    private static IEnumerable<TestCaseData> Cases() => Golden.Load("initializers.json").GetProperty("cases").EnumerateArray()
        .Select((c, i) => new TestCaseData(c).SetArgDisplayNames($"{i} {c.GetProperty("init").GetString()}"));

    [TestCaseSource(nameof(Cases))]
    public void AnInitializerDrawsWhatPythonDraws(JsonElement figure)
    {
        string name = figure.GetProperty("init").GetString()!;
        if (name == "orthogonal" && LibraryInUse.IsReference)
        {
            Assert.Ignore("Needs MLX: the reference library provides no QR decomposition.");
        }
        Arguments a = new(figure.GetProperty("kwargs"));
        Arguments call = new(figure.TryGetProperty("call", out JsonElement given) ? given : figure.GetProperty("kwargs"));

        // The random state is an array too, so it must exist before arrays are counted.
        Mx.Random.Normal([1]).Dispose();
        using HandleCount handles = HandleCount.NoneLeft();
        using MlxArray shape = Mx.Zeros([.. figure.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())]);
        Mx.Random.Seed(figure.GetProperty("seed").GetUInt64());
        DType? dtype = a.DType("dtype");
        FanMode mode = call.Text("mode", "fan_in") == "fan_in" ? FanMode.FanIn : FanMode.FanOut;
        using MlxArray drawn = name switch
        {
            "constant" => Initializers.Constant(a.Float("value", 0f), dtype)(shape),
            "normal" => Initializers.Normal(a.Float("mean", 0f), a.Float("std", 1f), dtype)(shape),
            "uniform" => Initializers.Uniform(a.Float("low", 0f), a.Float("high", 1f), dtype)(shape),
            "identity" => Initializers.Identity(dtype)(shape),
            "glorot_normal" => Initializers.GlorotNormal(dtype)(shape, call.Float("gain", 1f)),
            "glorot_uniform" => Initializers.GlorotUniform(dtype)(shape, call.Float("gain", 1f)),
            "he_normal" => Initializers.HeNormal(dtype)(shape, mode, call.Float("gain", 1f)),
            "he_uniform" => Initializers.HeUniform(dtype)(shape, mode, call.Float("gain", 1f)),
            "sparse" => Initializers.Sparse(a.Float("sparsity", 0f), a.Float("mean", 0f), a.Float("std", 1f), dtype)(shape),
            "orthogonal" => Initializers.Orthogonal(a.Float("gain", 1f), dtype)(shape),
            _ => throw new ArgumentException("No such initializer: " + name),
        };
        Golden.AssertClose(drawn, figure.GetProperty("out"));
    }

    [Test]
    public void ShapesThatDoNotFitAreRefused()
    {
        using MlxArray vector = Mx.Zeros(3);
        using MlxArray matrix = Mx.Zeros(3, 2);
        Assert.Throws<ArgumentException>(() => Initializers.GlorotNormal()(vector));
        Assert.Throws<ArgumentException>(() => Initializers.HeUniform()(vector));
        Assert.Throws<ArgumentException>(() => Initializers.Identity()(matrix));
        Assert.Throws<ArgumentException>(() => Initializers.Sparse(0.5f)(vector));
        Assert.Throws<ArgumentException>(() => Initializers.Orthogonal()(vector));
    }
}
