namespace DotMlx.LanguageModels;

/// <summary>
/// An array of shape (batch, heads, positions, features) that is written from one position on and has room to grow, so that most
/// writes copy nothing: MLX writes into memory that nobody else uses.
/// </summary>
internal sealed class GrowingBuffer(int step) : IDisposable
{
    private MlxArray? _array;

    /// <summary>The whole array, or null before the first write.</summary>
    internal MlxArray? Array => _array;

    /// <summary>How many positions there is room for.</summary>
    internal int Capacity => _array?.Shape[2] ?? 0;

    /// <summary>Writes positions and makes room where it is missing.</summary>
    /// <param name="added">The new positions.</param>
    /// <param name="start">Where the first one goes, not beyond what was written.</param>
    /// <param name="limit">The most positions there ever are.</param>
    internal void Write(MlxArray added, int start, int limit = int.MaxValue)
    {
        int end = start + added.Shape[2];
        if (end > Capacity)
        {
            Grow(added, start, (int)Math.Min(limit, (long)(end + step - 1) / step * step));
        }
        _array![Mx.Ellipsis, start..end, ..] = added;
    }

    /// <summary>The positions from one on, up to another one.</summary>
    internal MlxArray Read(int start, int end) => start == 0 && end == Capacity
        ? _array!.Share()
        : _array![Mx.Ellipsis, start..end, ..];

    /// <summary>Puts another array in place of this one.</summary>
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
