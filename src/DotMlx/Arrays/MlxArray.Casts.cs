using System.Numerics;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>
    /// Evaluates the array and formats it like Python's MLX: <c>array([1, 2, 3], dtype=int32)</c>; see <see cref="Mx.SetPrintOptions"/>.
    /// </summary>
    public override string ToString() => IsDisposed ? "array(disposed)" : ArrayText.Of(this);

    /// <summary>Whether the only element, of any type, is nonzero (<c>bool(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element.</exception>
    public static explicit operator bool(MlxArray a) => ((Complex)a) != Complex.Zero;

    /// <summary>The only element, of any type, truncated to an integer (<c>int(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element, or the element is complex.</exception>
    /// <exception cref="OverflowException">The element doesn't fit in the type.</exception>
    public static explicit operator int(MlxArray a) => Convert<int>(a);

    /// <summary>The only element, of any type, truncated to an integer (<c>int(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element, or the element is complex.</exception>
    /// <exception cref="OverflowException">The element doesn't fit in the type.</exception>
    public static explicit operator long(MlxArray a) => Convert<long>(a);

    /// <summary>The only element, of any type, as a float (<c>float(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element, or the element is complex.</exception>
    public static explicit operator float(MlxArray a) => Convert<float>(a);

    /// <summary>The only element, of any type, as a double (<c>float(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element, or the element is complex.</exception>
    public static explicit operator double(MlxArray a) => Convert<double>(a);

    /// <summary>The only element, of any type, as a complex number (<c>complex(a)</c>).</summary>
    /// <exception cref="InvalidOperationException">The array doesn't have exactly one element.</exception>
    public static explicit operator Complex(MlxArray a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.DType == DType.Complex64 ? a.Item<Complex>() : Convert<double>(a);
    }

    private static T Convert<T>(MlxArray a)
        where T : INumberBase<T>
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.DType switch
        {
            DType.Bool => a.Item<bool>() ? T.One : T.Zero,
            DType.UInt8 => T.CreateChecked(a.Item<byte>()),
            DType.UInt16 => T.CreateChecked(a.Item<ushort>()),
            DType.UInt32 => T.CreateChecked(a.Item<uint>()),
            DType.UInt64 => T.CreateChecked(a.Item<ulong>()),
            DType.Int8 => T.CreateChecked(a.Item<sbyte>()),
            DType.Int16 => T.CreateChecked(a.Item<short>()),
            DType.Int32 => T.CreateChecked(a.Item<int>()),
            DType.Int64 => T.CreateChecked(a.Item<long>()),
            DType.Float16 => T.CreateChecked(a.Item<Half>()),
            DType.BFloat16 => T.CreateChecked((float)a.Item<BFloat16>()),
            DType.Float32 => T.CreateChecked(a.Item<float>()),
            DType.Float64 => T.CreateChecked(a.Item<double>()),
            _ => throw new InvalidOperationException("A complex number can't be converted to a real one; use Mx.Real or Item<Complex>."),
        };
    }
}
