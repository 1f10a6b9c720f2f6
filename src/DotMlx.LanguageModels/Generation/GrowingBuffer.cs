namespace DotMlx.LanguageModels;

/// <summary>
/// An array of shape (batch, heads, positions, features) with spare capacity for more positions. Most writes copy nothing, because MLX
/// writes in place if the memory has no other users.
/// </summary>
internal sealed class GrowingBuffer(int step) : IDisposable
{
    private MlxArray? _array;

    /// <summary>The whole array, or null before the first write.</summary>
    internal MlxArray? Array => _array;

    /// <summary>The number of positions that the buffer can hold.</summary>
    internal int Capacity => _array?.Shape[2] ?? 0;

    /// <summary>Writes positions, and grows the buffer if necessary.</summary>
    /// <param name="added">The new positions.</param>
    /// <param name="start">The position of the first one, at most the number of positions written so far.</param>
    /// <param name="limit">The maximum number of positions.</param>
    internal void Write(MlxArray added, int start, int limit = int.MaxValue)
    {
        int end = start + added.Shape[2];
        if (end > Capacity)
        {
            Grow(added, start, (int)Math.Min(limit, (long)(end + step - 1) / step * step));
        }
        _array![Mx.Ellipsis, start..end, ..] = added;
    }

    /// <summary>Returns the positions from <paramref name="start"/> up to, but not including, <paramref name="end"/>.</summary>
    internal MlxArray Read(int start, int end) => start == 0 && end == Capacity
        ? _array!.Share()
        : _array![Mx.Ellipsis, start..end, ..];

    /// <summary>Replaces the array.</summary>
    internal void Become(MlxArray array)
    {
        MlxScope.Detach(array);
        _array?.Dispose();
        _array = array;
    }

    public void Dispose()
    {
        _array?.Dispose();
        _array = null;
    }

    private void Grow(MlxArray like, int used, int capacity)
    {
        int[] shape = like.Shape.ToArray();
        shape[2] = capacity - used;
        MlxArray room = Mx.Zeros(shape, like.DType);
        if (used == 0)
        {
            Become(room);
            return;
        }
        using (room)
        {
            using MlxArray kept = Read(0, used);
            Become(Mx.Concatenate([kept, room], axis: 2));
        }
    }
}
