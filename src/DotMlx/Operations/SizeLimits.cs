namespace DotMlx;

/// <summary>
/// Checks operations that add or multiply sizes, or that flatten internally. MLX stores sizes in 32 bits and doesn't detect overflow: the
/// shape wraps around, and later operations read other memory.
/// </summary>
internal static class SizeLimits
{
    /// <summary>The maximum number of elements, because bytes are counted in 64 bits and the largest element has eight bytes.</summary>
    internal const long MaxElements = long.MaxValue / 8;

    /// <summary>Returns the size of an axis, which must fit in 32 bits.</summary>
    /// <exception cref="ArgumentException">The axis would be too long.</exception>
    internal static int Axis(long size, string operation, MlxArray a, MlxArray? b = null) => size <= int.MaxValue
        ? (int)size
        : throw TooLong(size, operation, b is null ? $"shape {ShapeText.Of(a)}" : $"shapes {ShapeText.Of(a)} and {ShapeText.Of(b)}");

    /// <summary>Returns the array, which an operation is about to flatten.</summary>
    /// <exception cref="ArgumentException">The flattened array would be too long.</exception>
    internal static MlxArray Flat(MlxArray a, string operation)
    {
        ArgumentNullException.ThrowIfNull(a);
        _ = Axis(a.Size, operation, a);
        return a;
    }

    /// <summary>Returns the size of the axis that an operation joins from several axes.</summary>
    /// <exception cref="ArgumentException">The joined axis would be too long.</exception>
    internal static int Joined(MlxArray a, int start, int end, string operation)
    {
        long size = 1;
        for (int i = Math.Max(start, 0); i <= end && i < a.NDim; i++)
        {
            size = Multiply(size, a.Shape[i]);
        }

        return Axis(size, operation, a);
    }

    /// <summary>Returns a product that saturates at the largest number instead of wrapping around.</summary>
    internal static long Multiply(long a, long b) => Math.BigMul(a, b, out long low) == low >> 63 ? low : long.MaxValue;

    /// <summary>Returns the number of elements of a shape.</summary>
    /// <exception cref="ArgumentException">A size is negative, or the number of bytes wouldn't fit in 64 bits.</exception>
    internal static long Count(ReadOnlySpan<int> shape, string name)
    {
        long count = 1;
        bool empty = false;
        foreach (int size in shape)
        {
            if (size < 0)
            {
                throw new ArgumentException($"The shape {ShapeText.Of(shape)} has a negative size.", name);
            }

            empty |= size == 0;
            count = Multiply(count, Math.Max(size, 1));
        }

        return empty ? 0
            : count <= MaxElements ? count
            : throw new ArgumentException($"An array of shape {ShapeText.Of(shape)} has more elements than MLX can count.", name);
    }

    internal static ArgumentException TooLong(long size, string operation, string shapes) => new(
        $"[{operation}] An axis of the result would have {(size == long.MaxValue ? "more than 2^63" : size)} entries for {shapes}; an "
        + $"axis of MLX has at most {int.MaxValue}.");
}
