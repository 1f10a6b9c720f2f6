namespace DotMlx;

/// <summary>The element types of MLX, with the values of <c>mlx_dtype</c>.</summary>
public enum DType
{
    /// <summary>Boolean, one byte; <see cref="bool"/>.</summary>
    Bool = 0,

    /// <summary>Unsigned 8-bit integer; <see cref="byte"/>.</summary>
    UInt8 = 1,

    /// <summary>Unsigned 16-bit integer; <see cref="ushort"/>.</summary>
    UInt16 = 2,

    /// <summary>Unsigned 32-bit integer; <see cref="uint"/>.</summary>
    UInt32 = 3,

    /// <summary>Unsigned 64-bit integer; <see cref="ulong"/>.</summary>
    UInt64 = 4,

    /// <summary>Signed 8-bit integer; <see cref="sbyte"/>.</summary>
    Int8 = 5,

    /// <summary>Signed 16-bit integer; <see cref="short"/>.</summary>
    Int16 = 6,

    /// <summary>Signed 32-bit integer; <see cref="int"/>.</summary>
    Int32 = 7,

    /// <summary>Signed 64-bit integer; <see cref="long"/>.</summary>
    Int64 = 8,

    /// <summary>IEEE half precision; <see cref="Half"/>.</summary>
    Float16 = 9,

    /// <summary>IEEE single precision; <see cref="float"/>.</summary>
    Float32 = 10,

    /// <summary>IEEE double precision, on the CPU only; <see cref="double"/>.</summary>
    Float64 = 11,

    /// <summary>The upper half of a float; <see cref="DotMlx.BFloat16"/>.</summary>
    BFloat16 = 12,

    /// <summary>Two floats; <see cref="DotMlx.Complex64"/> or <see cref="System.Numerics.Complex"/>.</summary>
    Complex64 = 13,
}
