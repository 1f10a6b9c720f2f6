using System.Globalization;
using System.Numerics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A .NET number that represents an array and adapts to the element type of the operand next to it.</summary>
internal sealed unsafe class WeakScalar
{
    internal enum NumberKind : byte
    {
        Bool,
        Integer,
        Unsigned,
        Floating,
        Complex,
    }

    private readonly NumberKind _kind;
    private readonly double _real;
    private readonly double _imaginary;
    private readonly long _integer;
    private readonly MlxArray?[] _natives = new MlxArray?[14];

    private WeakScalar(NumberKind kind, long integer, double real, double imaginary)
    {
        _kind = kind;
        _integer = integer;
        _real = real;
        _imaginary = imaginary;
    }

    /// <summary>The identity of a number, bit for bit.</summary>
    internal (NumberKind Kind, ulong Value, ulong Imaginary) Identity => _kind is NumberKind.Floating or NumberKind.Complex
        ? (_kind, BitConverter.DoubleToUInt64Bits(_real), BitConverter.DoubleToUInt64Bits(_imaginary))
        : (_kind, (ulong)_integer, 0);

    /// <summary>Whether the number is real.</summary>
    internal bool IsReal => _kind != NumberKind.Complex;

    internal DType DefaultDType => _kind switch
    {
        NumberKind.Bool => DType.Bool,
        NumberKind.Integer => _integer is < int.MinValue or > int.MaxValue ? DType.Int64 : DType.Int32,
        NumberKind.Unsigned => DType.UInt64,
        NumberKind.Floating => DType.Float32,
        _ => DType.Complex64,
    };

    internal static MlxArray From(bool value) => Cache.Get(NumberKind.Bool, value ? 1 : 0, 0, 0);

    internal static MlxArray From(long value) => Cache.Get(NumberKind.Integer, value, 0, 0);

    // Values that fit in a long behave like any integer; only larger ones need the unsigned kind.
    internal static MlxArray From(ulong value) =>
        value <= long.MaxValue ? From((long)value) : Cache.Get(NumberKind.Unsigned, (long)value, 0, 0);

    internal static MlxArray From(double value) => Cache.Get(NumberKind.Floating, 0, value, 0);

    internal static MlxArray From(Complex value) => Cache.Get(NumberKind.Complex, 0, value.Real, value.Imaginary);

    /// <summary>The element type that the number takes next to an array of type <paramref name="like"/>.</summary>
    /// <exception cref="OverflowException">The integer doesn't fit in the type.</exception>
    internal DType DTypeWith(DType like)
    {
        switch (_kind)
        {
            case NumberKind.Bool:
                return like;
            case NumberKind.Integer or NumberKind.Unsigned:
                if (like == DType.Bool)
                {
                    return DefaultDType;
                }

                CheckRange(like);
                return like;
            case NumberKind.Floating:
                return like.IsFloating() ? like : DType.Float32;
            default:
                return DType.Complex64;
        }
    }

    /// <summary>
    /// Returns the number as a native array of type <paramref name="dtype"/>; it is shared, and the caller must not free it.
    /// </summary>
    internal MlxArray Native(DType dtype)
    {
        if (MustCompute(dtype))
        {
            return Computed(dtype);
        }

        ref MlxArray? slot = ref _natives[(int)dtype];
        MlxArray? native = Volatile.Read(ref slot);
        if (native is null)
        {
            native = MlxArray.CreateShared(Build(dtype));
            native = Interlocked.CompareExchange(ref slot, native, null) ?? native;
        }

        return native;
    }

    /// <summary>
    /// Returns the number for an operation that converts it to <paramref name="dtype"/>: in that type if the number fits, so that no digit
    /// is lost, and otherwise in its own type, which the conversion truncates.
    /// </summary>
    internal MlxArray Exactly(DType dtype) => _kind switch
    {
        NumberKind.Floating => Native(dtype.IsInexact() ? dtype : DefaultDType),
        NumberKind.Complex => Native(DType.Complex64),
        NumberKind.Bool => Native(DType.Bool),
        _ => Native(Fits(dtype) ? dtype : DefaultDType),
    };

    /// <summary>
    /// Returns the number as a separate array. An array that a program keeps must not be the shared one, because an array can't be both
    /// captured state and a constant in a compiled function.
    /// </summary>
    internal MlxArray New(DType dtype) => MustCompute(dtype) ? Computed(dtype) : new(Build(dtype));

    /// <summary>Whether the number is this integer.</summary>
    internal bool Is(long value) => _kind is NumberKind.Integer or NumberKind.Bool && _integer == value;

    public override string ToString() => _kind switch
    {
        NumberKind.Bool => _integer != 0 ? "true" : "false",
        NumberKind.Integer => _integer.ToString(CultureInfo.InvariantCulture),
        NumberKind.Unsigned => ((ulong)_integer).ToString(CultureInfo.InvariantCulture),
        NumberKind.Floating => _real.ToString(CultureInfo.InvariantCulture),
        _ => new Complex64((float)_real, (float)_imaginary).ToString(),
    };

    /// <summary>
    /// Whether the number must be computed where the calling thread may trace a function: before 0.32, MLX can't compile NaN as a
    /// constant, and writes constants of float32 with seven digits.
    /// </summary>
    internal bool MustCompute(DType dtype) => IsCritical(Value) && TraceLock.IsHeldByCurrentThread && Mx.IsBefore032
        && ((IsNaN && dtype.IsInexact()) || (dtype == DType.Float32 && Rounded != (float)Value));

    /// <summary>Whether the number may have to be computed.</summary>
    internal static bool IsCritical(double value) => !(Math.Abs(value) < 1e7);

    private bool IsNaN => _kind == NumberKind.Floating && double.IsNaN(_real);

    private double Value => _kind is NumberKind.Floating ? _real : _kind is NumberKind.Integer ? _integer : 0;

    // The constant in the compiled function. Shorter numbers keep MLX's last bits, which Python's compiled functions have too.
    private float Rounded => Math.Abs(Value) is >= 1e7 and < float.PositiveInfinity
        ? float.Parse(((float)Value).ToString("G7", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : (float)Value;

    // The number as a result, because a computed number is no constant.
    private MlxArray Computed(DType dtype)
    {
        if (IsNaN)
        {
            MlxArray zero = From(0.0).Weak!.Native(dtype);
            return Mx.Divide(zero, zero);
        }

        float rounded = Rounded;
        return Mx.Add(From((double)rounded).Weak!.Native(dtype), From((double)((float)Value - rounded)).Weak!.Native(dtype));
    }

    private void CheckRange(DType dtype)
    {
        if (!Fits(dtype))
        {
            throw new OverflowException(
                $"Converting {this} to {dtype.MlxName()} would result in overflow: a number next to "
                + $"a {dtype.MlxName()} array takes that type. "
                + "Convert the array first with AsType to a wider type.");
        }
    }

    private bool Fits(DType dtype) => _kind == NumberKind.Unsigned
        ? dtype == DType.UInt64 || !dtype.IsInteger()
        : dtype switch
        {
            DType.UInt8 => _integer is >= byte.MinValue and <= byte.MaxValue,
            DType.UInt16 => _integer is >= ushort.MinValue and <= ushort.MaxValue,
            DType.UInt32 => _integer is >= uint.MinValue and <= uint.MaxValue,
            DType.Int8 => _integer is >= sbyte.MinValue and <= sbyte.MaxValue,
            DType.Int16 => _integer is >= short.MinValue and <= short.MaxValue,
            DType.Int32 => _integer is >= int.MinValue and <= int.MaxValue,
            _ => true,
        };

    /// <summary>Creates a separate handle, which the caller owns.</summary>
    internal mlx_array Build(DType dtype)
    {
        if (_kind is NumberKind.Integer or NumberKind.Unsigned && dtype != DType.Bool)
        {
            CheckRange(dtype);
        }

        ulong bits = 0;
        void* data = &bits;
        switch (dtype)
        {
            case DType.Bool:
                *(byte*)data = IsNonZero ? (byte)1 : (byte)0;
                break;
            case DType.UInt8 or DType.Int8:
                *(byte*)data = (byte)Whole;
                break;
            case DType.UInt16 or DType.Int16:
                *(ushort*)data = (ushort)Whole;
                break;
            case DType.UInt32 or DType.Int32:
                *(uint*)data = (uint)Whole;
                break;
            case DType.UInt64 or DType.Int64:
                *(long*)data = Whole;
                break;
            case DType.Float16:
                *(Half*)data = (Half)(float)Number;
                break;
            case DType.BFloat16:
                *(BFloat16*)data = (BFloat16)(float)Number;
                break;
            case DType.Float32:
                *(float*)data = (float)Number;
                break;
            case DType.Float64:
                *(double*)data = Number;
                break;
            default:
                *(Complex64*)data = new Complex64((float)Number, (float)_imaginary);
                break;
        }

        int unused = 0;
        mlx_array array = Mlxc.mlx_array_new_data(data, &unused, 0, (mlx_dtype)dtype);
        return array.ctx != null ? array : throw MlxError.Fail("mlx_array_new_data");
    }

    private bool IsNonZero => _integer != 0 || _real != 0 || _imaginary != 0;

    private long Whole => _kind is NumberKind.Floating or NumberKind.Complex ? (long)_real : _integer;

    private double Number => _kind switch
    {
        NumberKind.Floating or NumberKind.Complex => _real,
        NumberKind.Unsigned => (ulong)_integer,
        _ => _integer,
    };

    /// <summary>Caches numbers, because programs use few constants: the same object represents every occurrence of a number.</summary>
    private static class Cache
    {
        private const int Size = 512;
        private static readonly MlxArray?[] Entries = new MlxArray?[Size];

        internal static MlxArray Get(NumberKind kind, long integer, double real, double imaginary)
        {
            // Compares bits instead of values, because 0.0 and -0.0 are different constants and NaN must equal itself.
            long realBits = BitConverter.DoubleToInt64Bits(real);
            long imaginaryBits = BitConverter.DoubleToInt64Bits(imaginary);
            ulong hash = (ulong)(integer ^ realBits ^ (imaginaryBits << 1) ^ ((long)kind << 60)) * 0x9E3779B97F4A7C15UL;
            ref MlxArray? entry = ref Entries[hash >> 55];
            MlxArray? cached = Volatile.Read(ref entry);
            if (cached?.Weak is { } weak && weak._kind == kind && weak._integer == integer
                && BitConverter.DoubleToInt64Bits(weak._real) == realBits
                && BitConverter.DoubleToInt64Bits(weak._imaginary) == imaginaryBits)
            {
                return cached;
            }

            cached = new MlxArray(new WeakScalar(kind, integer, real, imaginary));
            Volatile.Write(ref entry, cached);
            return cached;
        }
    }
}
