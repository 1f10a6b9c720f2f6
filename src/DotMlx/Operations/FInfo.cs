namespace DotMlx;

/// <summary>The limits of a floating dtype (mlx.core.finfo).</summary>
public readonly record struct FInfo
{
    internal FInfo(DType dtype)
    {
        DType = dtype == DType.Complex64 ? DType.Float32 : dtype;
        (Bits, Max, Eps, SmallestNormal) = DType switch
        {
            DType.Float16 => (16, (double)Half.MaxValue, Math.ScaleB(1, -10), Math.ScaleB(1, -14)),
            DType.BFloat16 => (16, Math.ScaleB(2 - Math.ScaleB(1, -7), 127), Math.ScaleB(1, -7), Math.ScaleB(1, -126)),
            DType.Float32 => (32, float.MaxValue, Math.ScaleB(1, -23), Math.ScaleB(1, -126)),
            DType.Float64 => (64, double.MaxValue, Math.ScaleB(1, -52), Math.ScaleB(1, -1022)),
            _ => throw new ArgumentException($"{dtype.MlxName()} is neither a floating nor a complex dtype.", nameof(dtype)),
        };
    }

    /// <summary>The dtype the limits are of; float32 when complex64 was asked for.</summary>
    public DType DType { get; }

    /// <summary>Size of a number in bits.</summary>
    public int Bits { get; }

    /// <summary>Smallest (most negative) finite number.</summary>
    public double Min => -Max;

    /// <summary>Largest finite number.</summary>
    public double Max { get; }

    /// <summary>Distance from 1 to the next larger number.</summary>
    public double Eps { get; }

    /// <summary>Smallest positive number with full precision.</summary>
    public double SmallestNormal { get; }
}
