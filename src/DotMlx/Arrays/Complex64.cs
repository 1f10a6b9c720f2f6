using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>A complex number of two floats; the element of <see cref="DType.Complex64"/> arrays.</summary>
/// <param name="Real">The real part.</param>
/// <param name="Imaginary">The imaginary part.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Complex64(float Real, float Imaginary)
{
    /// <summary>Converts the number to double precision.</summary>
    public static implicit operator Complex(Complex64 value) => new(value.Real, value.Imaginary);

    /// <summary>Rounds the number to single precision.</summary>
    public static implicit operator Complex64(Complex value) => new((float)value.Real, (float)value.Imaginary);

    /// <summary>Converts a real number to a complex one.</summary>
    public static implicit operator Complex64(float value) => new(value, 0);

    /// <summary>The number in MLX's format, such as <c>1-2j</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Real}{(Imaginary < 0 ? "" : "+")}{Imaginary}j");
}
