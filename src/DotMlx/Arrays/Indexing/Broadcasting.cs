namespace DotMlx;

/// <summary>Broadcasts shapes by NumPy's rules.</summary>
internal static class Broadcasting
{
    /// <summary>Returns the common shape of two shapes.</summary>
    /// <exception cref="ArgumentException">The shapes can't be broadcast.</exception>
    internal static int[] Shapes(int[] left, int[] right, string what)
    {
        int[] result = new int[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= result.Length; i++)
        {
            int a = i <= left.Length ? left[^i] : 1;
            int b = i <= right.Length ? right[^i] : 1;
            result[^i] = a == b || b == 1 ? a : a == 1 ? b
                : throw new ArgumentException($"The {what} of shapes {ShapeText.Of(left)} and {ShapeText.Of(right)} cannot be broadcast together.");
        }

        return result;
    }

    /// <summary>Whether an array of one shape can be broadcast to another shape.</summary>
    internal static bool Fits(ReadOnlySpan<int> from, ReadOnlySpan<int> to)
    {
        for (int i = 1; i <= from.Length; i++)
        {
            if (i > to.Length ? from[^i] != 1 : from[^i] != 1 && from[^i] != to[^i])
            {
                return false;
            }
        }

        return true;
    }
}
