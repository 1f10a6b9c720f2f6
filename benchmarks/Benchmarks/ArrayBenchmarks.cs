using BenchmarkDotNet.Attributes;

namespace DotMlx.Benchmarks;

/// <summary>What the smallest operations cost.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("array")]
public class ArrayBenchmarks
{
    private readonly MlxArray a = MlxArray.Create<float>([1f]);
    private readonly MlxArray b = MlxArray.Create<float>([2f]);
    private readonly MlxArray large = Mx.Ones(1_000_000);
    private readonly float[] destination = new float[1_000_000];

    [Benchmark(Baseline = true)]
    public void AddAndDispose() => (a + b).Dispose();

    [Benchmark]
    public void AddNumberAndDispose() => (a + 2.5f).Dispose();

    [Benchmark]
    public void AddInScope()
    {
        using MlxScope scope = MlxScope.Begin();
        _ = a + b;
    }

    [Benchmark]
    public void CreateAndDispose() => MlxArray.Create<float>([1f]).Dispose();

    [Benchmark]
    public float AddAndReadItem()
    {
        using MlxArray sum = a + b;
        return sum.Item<float>();
    }

    [Benchmark]
    public void ReadAMillionFloats() => large.CopyTo<float>(destination);
}
