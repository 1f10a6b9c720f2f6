namespace DotMlx.Optimizers;

/// <summary>A quantity that is the same for every parameter of one dtype, so it is built once per update and dtype.</summary>
internal sealed class PerType(Func<Arithmetic, DType, Value> build)
{
    private readonly Value?[] _values = new Value?[14];

    /// <summary>The quantity for a dtype; <paramref name="x"/> lives as long as the update.</summary>
    public Value Get(Arithmetic x, DType dtype) => _values[(int)dtype] ??= build(x, dtype);

    public void Clear() => Array.Clear(_values);
}
