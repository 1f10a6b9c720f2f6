namespace DotMlx.LanguageModels.Tests;

/// <summary>The results of Hugging Face's or mlx-lm's code for a model's folder.</summary>
internal static class Expected
{
    internal static SafetensorsFile Of(string name) => Mx.LoadSafetensors(Path.Combine(TestModels.Folder(name), "expected.safetensors"));

    /// <summary>The largest difference, relative to the largest expected magnitude.</summary>
    internal static double Difference(MlxArray actual, MlxArray expected)
    {
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()));
        float[] a = actual.AsType(DType.Float32).ToArray<float>(), e = expected.AsType(DType.Float32).ToArray<float>();
        return a.Zip(e, (x, y) => Math.Abs((double)x - y)).Max() / e.Max(Math.Abs);
    }
}
