namespace DotMlx;

/// <summary>
/// Converts MLX's strides to those of a tensor span, which must be positive, and each of which must exceed the range of the smaller ones.
/// </summary>
internal static class TensorStrides
{
    /// <param name="lengths">The lengths, none of them 0.</param>
    /// <param name="source">MLX's strides; empty for a scalar.</param>
    /// <param name="strides">The destination for the strides of the tensor.</param>
    /// <param name="reach">Whether a tensor span can have these strides.</param>
    /// <returns>Whether a tensor span can have them.</returns>
    internal static bool TryConvert(ReadOnlySpan<nint> lengths, ReadOnlySpan<long> source, Span<nint> strides, out nint reach)
    {
        reach = 1;
        strides.Clear();
        var order = new List<int>();
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] < 0 && lengths[i] > 1)
            {
                return false;
            }

            // A dimension of length 1 has no steps: its stride can be anything in MLX, but must be 0 in a tensor.
            if (source[i] > 0 && lengths[i] > 1)
            {
                strides[i] = (nint)source[i];
                reach += (lengths[i] - 1) * strides[i];
                order.Add(i);
            }
        }

        nint[] steps = strides.ToArray();
        order.Sort((a, b) => steps[a].CompareTo(steps[b]));
        nint covered = 1;
        foreach (int i in order)
        {
            if (steps[i] < covered)
            {
                return false;
            }

            covered = lengths[i] * steps[i];
        }

        return true;
    }
}
