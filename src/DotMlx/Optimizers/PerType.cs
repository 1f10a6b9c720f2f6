namespace DotMlx.Optimizers;

/// <summary>A quantity that is the same for every parameter of one dtype, so it is built once per update and dtype.</summary>
internal sealed class PerType(Func<Arithmetic, DType, Value> build)
{
    private readonly Value?[] _values = new Value?[14];

    /// <summary>The quantity for a dtype; <paramref name="x"/> lives as long as the update.</summary>
    public Value Get(Arithmetic x, DType dtype) => _values[(int)dtype] ??= build(x, dtype);

    /// <summary>The quantity, if it has been built.</summary>
    public bool TryGet(DType dtype, out Value value)
    {
        value = _values[(int)dtype].GetValueOrDefault();
        return _values[(int)dtype].HasValue;
    }

    public void Clear() => Array.Clear(_values);
}
