using System.Globalization;
using System.Text;

namespace DotMlx;

/// <summary>Formats shapes for messages, like MLX: <c>(2,3)</c>.</summary>
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
}
