namespace DotMlx;

/// <summary>The limits of a floating-point dtype (mlx.core.finfo).</summary>
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

    /// <summary>The dtype that the limits describe; float32 if complex64 was requested.</summary>
    public DType DType { get; }

    /// <summary>The size of a number in bits.</summary>
    public int Bits { get; }

    /// <summary>The smallest (most negative) finite number.</summary>
    public double Min => -Max;

    /// <summary>The largest finite number.</summary>
    public double Max { get; }

    /// <summary>The distance from 1 to the next larger number.</summary>
    public double Eps { get; }

    /// <summary>The smallest positive number with full precision.</summary>
    public double SmallestNormal { get; }
}
