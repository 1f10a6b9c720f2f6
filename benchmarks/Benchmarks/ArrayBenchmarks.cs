using BenchmarkDotNet.Attributes;

namespace DotMlx.Benchmarks;

/// <summary>Measures the cost of the smallest operations.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("array")]
public class ArrayBenchmarks
{
    private readonly MlxArray _a = MlxArray.Create<float>([1f]);
    private readonly MlxArray _b = MlxArray.Create<float>([2f]);
    private readonly MlxArray _large = Mx.Ones(1_000_000);
    private readonly float[] _destination = new float[1_000_000];

    [Benchmark(Baseline = true)]
    public void AddAndDispose() => (_a + _b).Dispose();

    [Benchmark]
    public void AddNumberAndDispose() => (_a + 2.5f).Dispose();

    [Benchmark]
    public void AddInScope()
    {
        using MlxScope scope = MlxScope.Begin();
        _ = _a + _b;
    }

    [Benchmark]
    public void CreateAndDispose() => MlxArray.Create<float>([1f]).Dispose();

    [Benchmark]
    public float AddAndReadItem()
    {
        using MlxArray sum = _a + _b;
        return sum.Item<float>();
    }

    [Benchmark]
    public void ReadAMillionFloats() => _large.CopyTo<float>(_destination);
}
