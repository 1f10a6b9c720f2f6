using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>Shapes in messages, written as MLX writes them: <c>(2,3)</c>.</summary>
internal static class ShapeText
{
    internal static string Of(ReadOnlySpan<int> shape)
    {
        var text = new StringBuilder("(");
        for (int i = 0; i < shape.Length; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(shape[i].ToString(CultureInfo.InvariantCulture));
        }

        return text.Append(')').ToString();
    }

    internal static string Of(MlxArray array) => Of(array.ShapeArray);

    /// <summary>The number of elements of a shape.</summary>
    /// <exception cref="ArgumentException">A size is negative, or the product does not fit.</exception>
    internal static long Count(ReadOnlySpan<int> shape, string name)
    {
        long count = 1;
        foreach (int size in shape)
        {
            if (size < 0)
            {
                throw new ArgumentException($"The shape {Of(shape)} has a negative size.", name);
            }

            count = checked(count * size);
        }

        return count;
    }
}
