namespace DotMlx.MetalTests;

/// <summary>
/// The inputs of the operations, created on the CPU when the first test runs, because listing the tests must not need MLX.
/// </summary>
internal static class Inputs
{
    internal const int Rows = 48, Columns = 64;

    internal static readonly MlxArray X = Normal(1, Rows, Columns), Y = Normal(2, Rows, Columns), Positive = OnCpu(() => Mx.Abs(X) + 0.1f);

    internal static readonly MlxArray Small = OnCpu(() => Mx.Tanh(X) * 0.9f), Wide = Normal(3, Columns, 96), Row = Normal(4, Columns);

    internal static readonly MlxArray Images = Normal(5, 2, 8, 8, 3), Filters = Normal(6, 4, 3, 3, 3);

    internal static readonly MlxArray Places = OnCpu(() => Mx.Remainder(Mx.Arange(20) * 7, Rows)),
        Numbers = OnCpu(() => Mx.Arange(-10, 11));

    internal static MlxArray Normal(ulong seed, params int[] shape) => OnCpu(() => Mx.Random.Normal(shape, key: Mx.Random.Key(seed)));

    private static MlxArray OnCpu(Func<MlxArray> function)
    {
        using IDisposable scope = Mx.StreamScope(DeviceType.Cpu);
        MlxArray result = function();
        result.Eval();
        return result;
    }
}
