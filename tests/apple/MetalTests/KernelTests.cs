namespace DotMlx.MetalTests;

/// <summary>Kernels in Metal's language, valid and invalid.</summary>
internal sealed class KernelTests
{
    [Test]
    [Category("Quick")]
    public void AKernelOfOnesOwnRuns()
    {
        float[] doubled = Run("double_it", "uint i = thread_position_in_grid.x; y[i] = 2 * x[i];");
        Assert.That(doubled, Is.EqualTo(new[] { 2f, 4f, 6f, 8f }));
    }

    [Test]
    public void PercentSignsAndCommentsInAnyLanguageAreFine() =>
        Assert.That(
            Run("odd", "// Für jede ungerade Stelle: 100% mehr\nuint i = thread_position_in_grid.x; uint odd = i; odd %= 2; y[i] = x[i] + "
            + "i %2 + 10 * (i % (odd + 2));"),
            Is.EqualTo(new[] { 1f, 2f + 1 + 10, 3f, 4f + 1 + 0 }));

    [TestCase("y[i] = x[i] % n;")]
    [TestCase("y[i] = i % s; // 100%s, 5%n")]
    [TestCase("static_assert(7 % (sizeof(float)) == 0, \"5%s off\");")]
    public void AMistakeBesideAPercentSignIsReported(string line) =>
        Assert.That(
            () => Run("wrong", $"uint i = thread_position_in_grid.x; {line}"),
            Throws.TypeOf<MlxException>().With.Message.Contains("Unable to build metal library from source"));

    private static float[] Run(string name, string source)
    {
        using MetalKernel kernel = Mx.Fast.MetalKernel(name, ["x"], ["y"], source);
        MlxArray x = MlxArray.Create([1f, 2f, 3f, 4f], 4);
        return kernel.Apply([x], [[4]], [DType.Float32], (4, 1, 1), (4, 1, 1))[0].ToArray<float>();
    }
}
