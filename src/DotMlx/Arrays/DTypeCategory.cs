namespace DotMlx;

/// <summary>The groups of element types (<c>mlx.core.DtypeCategory</c>), as a tree under <see cref="Generic"/>.</summary>
public enum DTypeCategory
{
    /// <summary>Complex64.</summary>
    ComplexFloating,

    /// <summary>Float16, BFloat16, Float32, and Float64.</summary>
    Floating,

    /// <summary><see cref="Floating"/> and <see cref="ComplexFloating"/>.</summary>
    Inexact,

    /// <summary>Int8 to Int64.</summary>
    SignedInteger,

    /// <summary>UInt8 to UInt64.</summary>
    UnsignedInteger,

    /// <summary><see cref="SignedInteger"/> and <see cref="UnsignedInteger"/>.</summary>
    Integer,

    /// <summary><see cref="Integer"/> and <see cref="Inexact"/>.</summary>
    Number,

    /// <summary>Every element type, including Bool.</summary>
    Generic,
}
