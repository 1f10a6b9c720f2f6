namespace DotMlx;

/// <summary>The limits of an integer dtype (mlx.core.iinfo).</summary>
public readonly record struct IInfo
{
    internal IInfo(DType dtype)
    {
        if (!dtype.IsInteger())
        {
            throw new ArgumentException($"{dtype.MlxName()} isn't an integer dtype.", nameof(dtype));
        }

        DType = dtype;
        int bits = 8 * dtype.ItemSize();
        bool signed = dtype.IsSignedInteger();
        Min = signed ? long.MinValue >> (64 - bits) : 0;
        Max = ulong.MaxValue >> (64 - bits + (signed ? 1 : 0));
    }

    /// <summary>The dtype that the limits describe.</summary>
    public DType DType { get; }

    /// <summary>The smallest number.</summary>
    public long Min { get; }

    /// <summary>The largest number.</summary>
    public ulong Max { get; }
}
