using System.Numerics;

namespace DotMlx;

/// <summary>Properties of element types.</summary>
public static class DTypeExtensions
{
    /// <summary>The size of one element in bytes.</summary>
    public static int ItemSize(this DType dtype) => dtype switch
    {
        DType.Bool or DType.UInt8 or DType.Int8 => 1,
        DType.UInt16 or DType.Int16 or DType.Float16 or DType.BFloat16 => 2,
        DType.UInt32 or DType.Int32 or DType.Float32 => 4,
        DType.UInt64 or DType.Int64 or DType.Float64 or DType.Complex64 => 8,
        _ => throw Unknown(dtype),
    };

    /// <summary>MLX's name of the type: <c>float32</c>, <c>bool</c>, <c>bfloat16</c>, …</summary>
    public static string MlxName(this DType dtype) => dtype switch
    {
        DType.Bool => "bool",
        DType.UInt8 => "uint8",
        DType.UInt16 => "uint16",
        DType.UInt32 => "uint32",
        DType.UInt64 => "uint64",
        DType.Int8 => "int8",
        DType.Int16 => "int16",
        DType.Int32 => "int32",
        DType.Int64 => "int64",
        DType.Float16 => "float16",
        DType.Float32 => "float32",
        DType.Float64 => "float64",
        DType.BFloat16 => "bfloat16",
        DType.Complex64 => "complex64",
        _ => throw Unknown(dtype),
    };

    /// <summary>Whether the type is floating-point (not complex).</summary>
    public static bool IsFloating(this DType dtype) =>
        dtype is DType.Float16 or DType.Float32 or DType.Float64 or DType.BFloat16;

    /// <summary>Whether the type is floating-point or complex.</summary>
    public static bool IsInexact(this DType dtype) => dtype.IsFloating() || dtype == DType.Complex64;

    /// <summary>Whether the type is a signed or unsigned integer (not Bool).</summary>
    public static bool IsInteger(this DType dtype) => dtype is >= DType.UInt8 and <= DType.Int64;

    /// <summary>Whether the type is a signed integer.</summary>
    public static bool IsSignedInteger(this DType dtype) => dtype is >= DType.Int8 and <= DType.Int64;

    /// <summary>Whether the type is an unsigned integer (not Bool).</summary>
    public static bool IsUnsignedInteger(this DType dtype) => dtype is >= DType.UInt8 and <= DType.UInt64;

    /// <summary>The narrowest category of the type.</summary>
    public static DTypeCategory Category(this DType dtype) =>
        dtype.IsFloating() ? DTypeCategory.Floating
        : dtype == DType.Complex64 ? DTypeCategory.ComplexFloating
        : dtype.IsSignedInteger() ? DTypeCategory.SignedInteger
        : dtype.IsUnsignedInteger() ? DTypeCategory.UnsignedInteger
        : DTypeCategory.Generic;

    /// <summary>Returns the element type named <paramref name="name"/> (MLX's name, such as <c>float32</c>).</summary>
    /// <exception cref="ArgumentException">No element type has this name.</exception>
    public static DType ParseDType(string name)
    {
        foreach (var dtype in Enum.GetValues<DType>())
        {
            if (dtype.MlxName() == name || (name == "bool_" && dtype == DType.Bool))
            {
                return dtype;
            }
        }

        throw new ArgumentException($"'{name}' isn't an element type of MLX; expected one of bool, uint8 … int64, float16, bfloat16, "
            + $"float32, float64, complex64.", nameof(name));
    }

    /// <summary>Returns the element type for values of the .NET type <typeparamref name="T"/>.</summary>
    /// <exception cref="NotSupportedException">MLX has no such element type.</exception>
    internal static DType Of<T>() => TryOf<T>() ?? throw new NotSupportedException(
        $"MLX has no element type for .NET's {typeof(T)}; expected bool, an integer of 8 to 64 bits, Half, "
        + $"BFloat16, float, double, Complex64, or Complex.");

    internal static DType? TryOf<T>()
    {
        if (typeof(T) == typeof(float)) return DType.Float32;
        if (typeof(T) == typeof(int)) return DType.Int32;
        if (typeof(T) == typeof(bool)) return DType.Bool;
        if (typeof(T) == typeof(double)) return DType.Float64;
        if (typeof(T) == typeof(long)) return DType.Int64;
        if (typeof(T) == typeof(byte)) return DType.UInt8;
        if (typeof(T) == typeof(uint)) return DType.UInt32;
        if (typeof(T) == typeof(ulong)) return DType.UInt64;
        if (typeof(T) == typeof(sbyte)) return DType.Int8;
        if (typeof(T) == typeof(short)) return DType.Int16;
        if (typeof(T) == typeof(ushort)) return DType.UInt16;
        if (typeof(T) == typeof(Half)) return DType.Float16;
        if (typeof(T) == typeof(BFloat16)) return DType.BFloat16;
        if (typeof(T) == typeof(Complex64) || typeof(T) == typeof(Complex)) return DType.Complex64;
        return null;
    }

    /// <summary>Returns the name of the .NET type for the values of an element type, for messages.</summary>
    internal static string ClrName(this DType dtype) => dtype switch
    {
        DType.Bool => "bool",
        DType.UInt8 => "byte",
        DType.UInt16 => "ushort",
        DType.UInt32 => "uint",
        DType.UInt64 => "ulong",
        DType.Int8 => "sbyte",
        DType.Int16 => "short",
        DType.Int32 => "int",
        DType.Int64 => "long",
        DType.Float16 => "Half",
        DType.Float32 => "float",
        DType.Float64 => "double",
        DType.BFloat16 => "BFloat16",
        DType.Complex64 => "Complex64",
        _ => throw Unknown(dtype),
    };

    private static ArgumentOutOfRangeException Unknown(DType dtype) =>
        new(nameof(dtype), dtype, $"{(int)dtype} isn't an element type of MLX; expected 0 (Bool) to 13 (Complex64).");
}
