using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>
/// Formats arrays like Python's MLX: <c>array([1, 2, 3], dtype=int32)</c>, with the middle of long dimensions omitted.
/// </summary>
internal static unsafe class ArrayText
{
    // The number of elements shown at each end of a dimension that is longer than twice this.
    private const int Edge = 3;

    internal static string Of(MlxArray array)
    {
        int precision = Mx.GetPrintOptions().Precision;
        return Of(array, (at, dtype) => Element((byte*)at, dtype, precision));
    }

    /// <summary>Formats the elements with a .NET format; for a scalar, the text is only its number.</summary>
    internal static string Of(MlxArray array, string format, IFormatProvider provider)
    {
        if (array.NDim > 0)
        {
            return Of(array, (at, dtype) => Element((byte*)at, dtype, format, provider));
        }

        using var held = new HeldArray(array);
        return Element(held.Data(), held.DType, format, provider);
    }

    private static string Of(MlxArray array, Func<nint, DType, string> element)
    {
        using var held = new HeldArray(array);
        int[] shape = held.Shape.ToArray();
        DType dtype = held.DType;
        var text = new StringBuilder("array(");
        byte* data = held.Size == 0 ? null : held.Data();
        ReadOnlySpan<long> strides = held.Strides;
        if (shape.Length == 0)
        {
            text.Append(element((nint)data, dtype));
        }
        else
        {
            Dimension(text, data, 0, shape, strides, dtype, element);
        }

        return text.Append(", dtype=").Append(dtype.MlxName()).Append(')').ToString();
    }

    private static void Dimension(StringBuilder text, byte* data, int axis, int[] shape, ReadOnlySpan<long> strides, DType dtype,
        Func<nint, DType, string> element)
    {
        int size = shape[axis];
        bool last = axis == shape.Length - 1;
        text.Append('[');
        for (int i = 0; i < size; i++)
        {
            text.Append(i > 0 && !last ? new string(' ', 7 + axis) : "");
            if (i == Edge && size > 2 * Edge)
            {
                text.Append("...");
                i = size - Edge - 1;
            }
            else if (last)
            {
                text.Append(element((nint)(data + (i * strides[axis] * dtype.ItemSize())), dtype));
            }
            else
            {
                // Empty arrays have no storage to advance through.
                Dimension(text, data == null ? null : data + (i * strides[axis] * dtype.ItemSize()), axis + 1, shape,
                    strides, dtype, element);
            }

            text.Append(i == size - 1 ? "" : last ? ", " : ",\n");
        }

        text.Append(']');
    }

    private static string Element(byte* at, DType dtype, int precision) => dtype switch
    {
        DType.Bool => *at != 0 ? "True" : "False",
        DType.UInt8 => (*at).ToString(CultureInfo.InvariantCulture),
        DType.UInt16 => (*(ushort*)at).ToString(CultureInfo.InvariantCulture),
        DType.UInt32 => (*(uint*)at).ToString(CultureInfo.InvariantCulture),
        DType.UInt64 => (*(ulong*)at).ToString(CultureInfo.InvariantCulture),
        DType.Int8 => (*(sbyte*)at).ToString(CultureInfo.InvariantCulture),
        DType.Int16 => (*(short*)at).ToString(CultureInfo.InvariantCulture),
        DType.Int32 => (*(int*)at).ToString(CultureInfo.InvariantCulture),
        DType.Int64 => (*(long*)at).ToString(CultureInfo.InvariantCulture),
        DType.Float16 => NumberText.Of((double)*(Half*)at, precision),
        DType.BFloat16 => NumberText.Of((float)*(BFloat16*)at, precision),
        DType.Float32 => NumberText.Of(*(float*)at, precision),
        DType.Float64 => NumberText.Of(*(double*)at, precision),
        _ => NumberText.OfComplex(*(Complex64*)at, precision),
    };

    private static string Element(byte* at, DType dtype, string format, IFormatProvider provider) => dtype switch
    {
        DType.Bool => *at != 0 ? "True" : "False",
        DType.UInt8 => (*at).ToString(format, provider),
        DType.UInt16 => (*(ushort*)at).ToString(format, provider),
        DType.UInt32 => (*(uint*)at).ToString(format, provider),
        DType.UInt64 => (*(ulong*)at).ToString(format, provider),
        DType.Int8 => (*(sbyte*)at).ToString(format, provider),
        DType.Int16 => (*(short*)at).ToString(format, provider),
        DType.Int32 => (*(int*)at).ToString(format, provider),
        DType.Int64 => (*(long*)at).ToString(format, provider),
        DType.Float16 => (*(Half*)at).ToString(format, provider),
        DType.BFloat16 => (*(BFloat16*)at).ToString(format, provider),
        DType.Float32 => (*(float*)at).ToString(format, provider),
        DType.Float64 => (*(double*)at).ToString(format, provider),
        _ => ((System.Numerics.Complex)(*(Complex64*)at)).ToString(format, provider),
    };
}
