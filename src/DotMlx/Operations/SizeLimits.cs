namespace DotMlx;

/// <summary>
/// MLX counts an axis in 32 bits and does not notice when a size that it computes has more: the shape wraps around, and what reads
/// it later reads elsewhere. Operations that add or multiply sizes, or that flatten inside, are checked here before.
/// </summary>
internal static class SizeLimits
{
    /// <summary>Bytes of an array are counted in 64 bits; the widest element has eight.</summary>
    internal const long MostElements = long.MaxValue / 8;

    /// <summary>The size that an axis would have, which must fit one.</summary>
    /// <exception cref="ArgumentException">The axis would be too long.</exception>
    internal static int Axis(long size, string operation, MlxArray a, MlxArray? b = null) => size <= int.MaxValue
        ? (int)size
        : throw TooLong(size, operation, b is null ? $"shape {ShapeText.Of(a)}" : $"shapes {ShapeText.Of(a)} and {ShapeText.Of(b)}");

    /// <summary>The array itself, which an operation is about to make one row of.</summary>
    /// <exception cref="ArgumentException">The row would be too long.</exception>
    internal static MlxArray Flat(MlxArray a, string operation)
    {
        ArgumentNullException.ThrowIfNull(a);
        _ = Axis(a.Size, operation, a);
        return a;
    }

    /// <summary>The size of axes that an operation joins.</summary>
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

    /// <summary>A product that stays at the largest number instead of wrapping around.</summary>
    internal static long Multiply(long a, long b) => Math.BigMul(a, b, out long low) == low >> 63 ? low : long.MaxValue;

    /// <summary>How many elements a shape has.</summary>
    /// <exception cref="ArgumentException">A size is negative, or the array would have more bytes than 64 bits count.</exception>
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
            : count <= MostElements ? count
            : throw new ArgumentException($"An array of shape {ShapeText.Of(shape)} has more elements than MLX can count.", name);
    }

    internal static ArgumentException TooLong(long size, string operation, string shapes) => new(
        $"[{operation}] An axis of the result would have {(size == long.MaxValue ? "more than 2^63" : size)} entries for {shapes}; an axis of MLX has at most {int.MaxValue}.");
}
