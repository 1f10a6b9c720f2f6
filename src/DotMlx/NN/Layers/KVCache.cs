namespace DotMlx.NN;

/// <summary>
/// The keys and values of the positions that an attention layer has processed, so that decoding computes each of them only once. The cache
/// grows in blocks, so most steps copy nothing.
/// </summary>
/// <param name="step">The number of positions by which the buffers grow.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> isn't positive.</exception>
public sealed class KVCache(int step = 256) : IMlxState, IDisposable
{
    private readonly int _step = step > 0
        ? step
        : throw new ArgumentOutOfRangeException(nameof(step), step, "The cache must grow by at least one position.");
    private MlxArray? _keys;
    private MlxArray? _values;

    /// <summary>The number of positions in the cache, which is the offset of the next one.</summary>
    public int Offset { get; private set; }

    /// <summary>Appends keys and values, and returns all keys and values so far.</summary>
    /// <param name="keys">The new keys, of shape (batch, heads, length, features).</param>
    /// <param name="values">The new values, of shape (batch, heads, length, features).</param>
    /// <returns>The keys and values, of shape (batch, heads, <see cref="Offset"/>, features).</returns>
    /// <exception cref="ArgumentException">The arrays aren't four-dimensional, or they differ in batch, heads, or length.</exception>
    public (MlxArray Keys, MlxArray Values) Update(MlxArray keys, MlxArray values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        Check(keys, values, nameof(keys));
        int end = Offset + keys.Shape[2];
        _keys = Append(_keys, keys, end);
        _values = Append(_values, values, end);
        Offset = end;
        return (Head(_keys, end), Head(_values, end));
    }

    /// <summary>Removes the last positions, for example tokens of a draft model that were rejected.</summary>
    /// <param name="count">The number of positions to remove.</param>
    /// <returns>The number of positions that were removed.</returns>
    public int Trim(int count)
    {
        count = Math.Clamp(count, 0, Offset);
        Offset -= count;
        return count;
    }

    /// <summary>Removes all positions.</summary>
    public void Reset() => Dispose();

    /// <summary>The keys and values of the positions so far, as separate arrays that later changes of the cache don't affect.</summary>
    /// <remarks>
    /// The spare capacity isn't included, so the arrays have exactly as many positions as the cache. A compiled function that has a cache
    /// as its state is therefore traced for every number of positions, and it must not be shapeless.
    /// </remarks>
    /// <returns>A dictionary with <c>keys</c> and <c>values</c>, or an empty one if there are no positions.</returns>
    public Tree CaptureState()
    {
        TreeDictionary state = [];
        if (_keys is not null && _values is not null && Offset > 0)
        {
            state["keys"] = Head(_keys, Offset);
            state["values"] = Head(_values, Offset);
        }
        return state;
    }

    /// <summary>Replaces the positions of the cache by those of a state. The state doesn't change and can be restored again.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/> of this or another cache, or from a file.</param>
    /// <exception cref="ArgumentException">The tree isn't the state of a cache; the cache doesn't change.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        MlxArray? keys = Find(state, "keys"), values = Find(state, "values");
        if (state is not TreeDictionary || (keys is null) != (values is null))
        {
            throw new ArgumentException("[KVCache] The state must be a dictionary with the arrays 'keys' and 'values', or be empty.",
                nameof(state));
        }
        if (keys is null || values is null)
        {
            Dispose();
            return;
        }

        Check(keys, values, nameof(state));
        (MlxArray ownKeys, MlxArray ownValues) = (keys.Share(), values.Share());
        MlxScope.Detach(ownKeys);
        MlxScope.Detach(ownValues);
        Dispose();
        (_keys, _values, Offset) = (ownKeys, ownValues, ownKeys.Shape[2]);
    }

    /// <summary>Frees the buffers and removes all positions. The cache can still be used.</summary>
    public void Dispose()
    {
        Offset = 0;
        _keys?.Dispose();
        _values?.Dispose();
        _keys = _values = null;
    }

    private static MlxArray? Find(Tree state, string name) =>
        state.TryFind(name, out Tree? found) && found is TreeLeaf leaf ? leaf.Array : null;

    private static void Check(MlxArray keys, MlxArray values, string argument)
    {
        if (keys.NDim != 4 || values.NDim != 4 || !keys.Shape[..3].SequenceEqual(values.Shape[..3]))
        {
            throw new ArgumentException(
                $"[KVCache] The keys have the shape {ModuleUpdate.Shape(keys)} and the values {ModuleUpdate.Shape(values)}; "
                + "expected (batch, heads, length, features) with the same first three.", argument);
        }
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
