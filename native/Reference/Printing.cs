using System.Globalization;
using System.Text;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>Formats an array as MLX's C++ code does: three elements at both ends of long dimensions, and numbers with C's %g.</summary>
internal static class Printing
{
    private const int Shown = 3;

    internal static string Print(Tensor tensor)
    {
        var text = new StringBuilder("array(");
        Func<int, string> element = tensor.DType switch
        {
            MLX_BOOL => i => tensor.Data<byte>()[i] != 0 ? "true" : "false",
            MLX_COMPLEX64 => i => Complex(tensor.Data<mlx_complex64>()[i]),
            MLX_UINT64 => i => tensor.Data<ulong>()[i].ToString(CultureInfo.InvariantCulture),
            MLX_FLOAT64 => i => Number(tensor.Data<double>()[i]),
            MLX_FLOAT32 => i => Number(tensor.Data<float>()[i]),
            MLX_FLOAT16 => i => Number((double)tensor.Data<Half>()[i]),
            MLX_BFLOAT16 => i => Number(Lanes.FromBFloat16(tensor.Data<ushort>()[i])),
            _ => Integers(tensor),
        };
        if (tensor.NDim == 0) text.Append(element(0));
        else Append(text, tensor.Shape, 0, 0, element);
        return text.Append(", dtype=").Append(DTypes.Name(tensor.DType)).Append(')').ToString();
    }

    private static Func<int, string> Integers(Tensor tensor)
    {
        var values = Lanes.Integers(tensor).ToArray();
        return i => values[i].ToString(CultureInfo.InvariantCulture);
    }

    private static void Append(StringBuilder text, int[] shape, int dim, int index, Func<int, string> element)
    {
        var (n, last) = (shape[dim], dim == shape.Length - 1);
        var stride = Shapes.Count(shape.AsSpan(dim + 1));
        text.Append('[');
        for (var i = 0; i < n; i++)
        {
            if (i > 0 && !last) text.Append(' ', 7 + dim);
            if (i == Shown && n > 2 * Shown)
            {
                text.Append("...");
                i = n - Shown - 1;
            }
            else if (last)
            {
                text.Append(element(index + i));
            }
            else
            {
                Append(text, shape, dim + 1, index + i * stride, element);
            }
            if (i != n - 1) text.Append(last ? ", " : ",\n");
        }
        text.Append(']');
    }

    private static string Complex(mlx_complex64 value) => value.im >= 0 || float.IsNaN(value.im)
        ? $"{Number(value.re)}+{Number(value.im)}j"
        : $"{Number(value.re)}-{Number(-value.im)}j";

    /// <summary>Formats a number as C's "%g" with six digits does.</summary>
    internal static string Number(double value)
    {
        if (double.IsNaN(value)) return double.IsNegative(value) ? "-nan" : "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0" : "0";
        var scientific = value.ToString("e5", CultureInfo.InvariantCulture);
        var split = scientific.IndexOf('e', StringComparison.Ordinal);
        var exponent = int.Parse(scientific.AsSpan(split + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 6) return Trim(value.ToString("f" + (5 - exponent), CultureInfo.InvariantCulture));
        return $"{Trim(scientific[..split])}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string Trim(string digits) =>
        digits.Contains('.', StringComparison.Ordinal) ? digits.TrimEnd('0').TrimEnd('.') : digits;
}
