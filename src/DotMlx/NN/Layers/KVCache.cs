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
        Check(keys, values, nameof(keys));
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

    /// <summary>The keys and values of the positions so far, as arrays of their own: what the cache does later leaves them as they are.</summary>
    /// <remarks>
    /// The room to grow is left out, so that the number of positions is that of the arrays. Therefore a compiled function that has a cache as its
    /// state is traced for every number of positions, and it must not be shapeless.
    /// </remarks>
    /// <returns>A dictionary with <c>keys</c> and <c>values</c>; an empty one if there are no positions.</returns>
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

    /// <summary>Puts the positions of a state in place of those of the cache; the state stays as it is and may be restored again.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/> of this or another cache, or one that was loaded from a file.</param>
    /// <exception cref="ArgumentException">The tree is none such; the cache stays as it is.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        MlxArray? keys = Find(state, "keys"), values = Find(state, "values");
        if (state is not TreeDictionary || (keys is null) != (values is null))
        {
            throw new ArgumentException("[KVCache] A state is a dictionary with the arrays 'keys' and 'values', or an empty one.", nameof(state));
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

    /// <summary>Frees the buffers and forgets everything; the cache may be used again.</summary>
    public void Dispose()
    {
        Offset = 0;
        _keys?.Dispose();
        _values?.Dispose();
        _keys = _values = null;
    }

    private static MlxArray? Find(Tree state, string name) => state.TryFind(name, out Tree? found) && found is TreeLeaf leaf ? leaf.Array : null;

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
