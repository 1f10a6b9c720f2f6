using System.Numerics;
using System.Runtime.CompilerServices;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>The number type that elements of a dtype are computed in.</summary>
internal enum Lane { Long, ULong, Float, Double, Complex }

/// <summary>
/// The 14 element types are computed in five lanes: integers and bool as long, uint64 as ulong, the half types and float32 as float,
/// float64 as double, and complex64 as Complex. Reads widen; writes round or wrap as a C cast does.
/// </summary>
internal static unsafe class Lanes
{
    internal static Lane Of(mlx_dtype dtype) => dtype switch
    {
        MLX_UINT64 => Lane.ULong,
        MLX_FLOAT16 or MLX_BFLOAT16 or MLX_FLOAT32 => Lane.Float,
        MLX_FLOAT64 => Lane.Double,
        MLX_COMPLEX64 => Lane.Complex,
        _ => Lane.Long,
    };

    internal static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to nearest, ties to even. NaN stays NaN.</summary>
    internal static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Returns the elements in their lane, without a copy if the dtype is the lane's own type.</summary>
    internal static ReadOnlySpan<T> Read<T>(Tensor tensor) where T : unmanaged
    {
        if (IsOwnType<T>(tensor.DType)) return tensor.Data<T>();
        var result = new T[tensor.Size];
        switch (tensor.DType)
        {
            case MLX_BOOL or MLX_UINT8: Widen<byte>(tensor, (long[])(object)result); break;
            case MLX_UINT16: Widen<ushort>(tensor, (long[])(object)result); break;
            case MLX_UINT32: Widen<uint>(tensor, (long[])(object)result); break;
            case MLX_INT8: Widen<sbyte>(tensor, (long[])(object)result); break;
            case MLX_INT16: Widen<short>(tensor, (long[])(object)result); break;
            case MLX_INT32: Widen<int>(tensor, (long[])(object)result); break;
            case MLX_FLOAT16: Each(tensor.Data<Half>(), (float[])(object)result, x => (float)x); break;
            case MLX_BFLOAT16: Each(tensor.Data<ushort>(), (float[])(object)result, FromBFloat16); break;
            case MLX_COMPLEX64: Each(tensor.Data<mlx_complex64>(), (Complex[])(object)result, x => new Complex(x.re, x.im)); break;
            default: throw new InvalidOperationException("lane");
        }
        return result;
    }

    /// <summary>Creates a tensor whose elements a callback fills in the lane of its dtype.</summary>
    internal static Tensor Write<T>(mlx_dtype dtype, int[] shape, Fill<T> fill) where T : unmanaged
    {
        var result = new Tensor(dtype, shape);
        if (IsOwnType<T>(dtype))
        {
            fill(result.Data<T>());
            return result;
        }
        var values = new T[result.Size];
        fill(values);
        switch (dtype)
        {
            case MLX_BOOL: Each((long[])(object)values, result.Data<byte>(), x => x != 0 ? (byte)1 : (byte)0); break;
            case MLX_UINT8: Each((long[])(object)values, result.Data<byte>(), x => unchecked((byte)x)); break;
            case MLX_UINT16: Each((long[])(object)values, result.Data<ushort>(), x => unchecked((ushort)x)); break;
            case MLX_UINT32: Each((long[])(object)values, result.Data<uint>(), x => unchecked((uint)x)); break;
            case MLX_INT8: Each((long[])(object)values, result.Data<sbyte>(), x => unchecked((sbyte)x)); break;
            case MLX_INT16: Each((long[])(object)values, result.Data<short>(), x => unchecked((short)x)); break;
            case MLX_INT32: Each((long[])(object)values, result.Data<int>(), x => unchecked((int)x)); break;
            case MLX_FLOAT16: Each((float[])(object)values, result.Data<Half>(), x => (Half)x); break;
            case MLX_BFLOAT16: Each((float[])(object)values, result.Data<ushort>(), ToBFloat16); break;
            case MLX_COMPLEX64:
                Each((Complex[])(object)values, result.Data<mlx_complex64>(),
                    x => new mlx_complex64 { re = (float)x.Real, im = (float)x.Imaginary });
                break;
            default: throw new InvalidOperationException("lane");
        }
        return result;
    }

    internal delegate void Fill<T>(Span<T> values);

    internal static void Each<TIn, TOut>(ReadOnlySpan<TIn> source, Span<TOut> target, Func<TIn, TOut> map)
    {
        for (var i = 0; i < source.Length; i++) target[i] = map(source[i]);
    }

    internal static Tensor Cast(Tensor tensor, mlx_dtype dtype)
    {
        if (tensor.DType == dtype) return tensor.Alias();
        return Of(tensor.DType) switch
        {
            Lane.Long => From<long>(tensor, dtype),
            Lane.ULong => From<ulong>(tensor, dtype),
            Lane.Float => From<float>(tensor, dtype),
            Lane.Double => From<double>(tensor, dtype),
            _ => From<Complex>(tensor, dtype),
        };
    }

    /// <summary>Returns all elements as integers, for use as indices.</summary>
    internal static ReadOnlySpan<long> Integers(Tensor tensor) =>
        Read<long>(Of(tensor.DType) == Lane.Long ? tensor : Cast(tensor, MLX_INT64));

    private static Tensor From<T>(Tensor tensor, mlx_dtype dtype) where T : unmanaged, INumberBase<T> => Of(dtype) switch
    {
        Lane.Long when dtype == MLX_BOOL =>
            Write<long>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, x => T.IsZero(x) || x is Complex { Real: 0 } ? 0 : 1)),
        Lane.Long => Write<long>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, Convert<T, long>)),
        Lane.ULong => Write<ulong>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, Convert<T, ulong>)),
        Lane.Float => Write<float>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, Convert<T, float>)),
        Lane.Double => Write<double>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, Convert<T, double>)),
        _ => Write<Complex>(dtype, tensor.Shape, r => Each(Read<T>(tensor), r, Convert<T, Complex>)),
    };

    private static TOut Convert<TIn, TOut>(TIn value) where TIn : INumberBase<TIn> where TOut : INumberBase<TOut>
    {
        if (value is Complex complex && typeof(TOut) != typeof(Complex)) return TOut.CreateTruncating(complex.Real);
        // A negative float becomes the two's complement of its integer part, as on x86-64 and arm64 with 32-bit types.
        if (typeof(TOut) == typeof(ulong) && TIn.IsNegative(value))
            return TOut.CreateTruncating(unchecked((ulong)long.CreateTruncating(value)));
        return TOut.CreateTruncating(value);
    }

    private static bool IsOwnType<T>(mlx_dtype dtype) => dtype switch
    {
        MLX_INT64 => typeof(T) == typeof(long),
        MLX_UINT64 => typeof(T) == typeof(ulong),
        MLX_FLOAT32 => typeof(T) == typeof(float),
        MLX_FLOAT64 => typeof(T) == typeof(double),
        _ => false,
    };

    private static void Widen<T>(Tensor tensor, long[] result) where T : unmanaged, INumberBase<T> =>
        Each(tensor.Data<T>(), result, long.CreateTruncating<T>);
}
