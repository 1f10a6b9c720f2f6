using BenchmarkDotNet.Attributes;

namespace DotMlx.Benchmarks;

/// <summary>Measures the overhead of gradients and compiled functions.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("transform")]
public class TransformBenchmarks
{
    private readonly MlxArray _x = MlxArray.Create<float>([1f, 2f, 3f, 4f]);
    private readonly Func<MlxArray, MlxArray> _gradient = Mx.Grad(Loss);
    private readonly Func<MlxArray, MlxArray> _compiled = Mx.Compile(Loss);

    [Benchmark(Baseline = true)]
    public void Function() => Finish(Loss(_x));

    [Benchmark]
    public void Gradient() => Finish(_gradient(_x));

    [Benchmark]
    public void Compiled() => Finish(_compiled(_x));

    private static MlxArray Loss(MlxArray x)
    {
        using MlxArray squared = x * x;
        using MlxArray exponential = Mx.Exp(squared);
        return exponential.Sum();
    }

    private static void Finish(MlxArray result)
    {
        result.Eval();
        result.Dispose();
    }
}
