namespace DotMlx.NN;

/// <summary>
/// The keys and values of the positions that an attention layer has seen, so that decoding computes each of them once. Grows in
/// blocks, so that most steps copy nothing.
/// </summary>
/// <param name="step">By how many positions the buffers grow.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is not positive.</exception>
public sealed class KVCache(int step = 256) : IMlxState, IDisposable
{
    private readonly int _step = step > 0 ? step : throw new ArgumentOutOfRangeException(nameof(step), step, "A cache grows by at least one position.");
    private MlxArray? _keys;
    private MlxArray? _values;

    /// <summary>How many positions are in the cache: the offset of the next one.</summary>
    public int Offset { get; private set; }

    /// <summary>Appends keys and values and gives all so far.</summary>
    /// <param name="keys">New keys, of shape (batch, heads, length, features).</param>
    /// <param name="values">New values, of shape (batch, heads, length, features).</param>
    /// <returns>Keys and values of shape (batch, heads, <see cref="Offset"/>, features).</returns>
    /// <exception cref="ArgumentException">The arrays are not four-dimensional or differ in batch, heads or length.</exception>
    public (MlxArray Keys, MlxArray Values) Update(MlxArray keys, MlxArray values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        if (keys.NDim != 4 || values.NDim != 4 || !keys.Shape[..3].SequenceEqual(values.Shape[..3]))
        {
            throw new ArgumentException(
                $"[KVCache] The keys have the shape {ModuleUpdate.Shape(keys)} and the values {ModuleUpdate.Shape(values)}; "
                + "expected (batch, heads, length, features) with the same first three.", nameof(keys));
        }
        int end = Offset + keys.Shape[2];
        _keys = Append(_keys, keys, end);
        _values = Append(_values, values, end);
        Offset = end;
        return (Head(_keys, end), Head(_values, end));
    }

    /// <summary>Forgets the last positions, for instance tokens that a draft model proposed in vain.</summary>
    /// <param name="count">How many.</param>
    /// <returns>How many were there to forget.</returns>
    public int Trim(int count)
    {
        count = Math.Clamp(count, 0, Offset);
        Offset -= count;
        return count;
    }

    /// <summary>Forgets everything.</summary>
    public void Reset() => Dispose();

    /// <inheritdoc/>
    public Tree CaptureState()
    {
        TreeDictionary state = [];
        if (_keys is not null && _values is not null)
        {
            state["keys"] = _keys;
            state["values"] = _values;
        }
        return state;
    }

    /// <inheritdoc/>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _keys = state.TryFind("keys", out Tree? keys) ? keys.Array : null;
        _values = state.TryFind("values", out Tree? values) ? values.Array : null;
    }

    /// <summary>Frees the buffers and forgets everything; the cache may be used again.</summary>
    public void Dispose()
    {
        Offset = 0;
        _keys?.Dispose();
        _values?.Dispose();
        _keys = _values = null;
    }

    private MlxArray Append(MlxArray? buffer, MlxArray added, int end)
    {
        using MlxScope scope = MlxScope.Begin();
        int capacity = buffer?.Shape[2] ?? 0;
        MlxArray room = buffer!;
        if (end > capacity)
        {
            int[] shape = added.Shape.ToArray();
            shape[2] = (((end - Offset) + _step - 1) / _step) * _step;
            MlxArray fresh = Mx.Zeros(shape, added.DType);
            room = buffer is null ? fresh : Mx.Concatenate([Head(buffer, Offset), fresh], axis: 2);
        }
        MlxArray result = Mx.SliceUpdate(room, added, MlxArray.Create([Offset], 1), [2]);
        MlxScope.Detach(result);
        buffer?.Dispose();
        return result;
    }

    private static MlxArray Head(MlxArray buffer, int length)
    {
        if (buffer.Shape[2] == length)
        {
            return Mx.Contiguous(buffer, allowColMajor: true);
        }
        MlxArray[] parts = Mx.Split(buffer, [length], axis: 2);
        parts[1].Dispose();
        return parts[0];
    }
}
