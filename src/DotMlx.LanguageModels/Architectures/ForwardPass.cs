using DotMlx.NN;
using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The state that layers share during one forward pass of a decoder: token positions, masks, and tables.</summary>
internal sealed class ForwardPass : IDisposable
{
    private readonly Dictionary<(int First, int Count, int? Window), MlxArray> _masks = [];
    private readonly Dictionary<(RotaryEmbedding, DType), (MlxArray Cosines, MlxArray Sines)> _tables = [];
    private readonly IReadOnlyList<int>? _padding;
    private readonly Dictionary<(RotaryEmbedding, float Scale), MlxArray> _rotations = [];
    private readonly MlxArray? _starts;
    private readonly PreparedWeights? _weights;

    /// <param name="length">The number of tokens per sequence.</param>
    /// <param name="offset">The number of positions in the caches.</param>
    /// <param name="padding">The number of padding positions at the start of each sequence; null for none.</param>
    /// <param name="weights">Prepared weights of the layers; null for none.</param>
    internal ForwardPass(int length, int offset, IReadOnlyList<int>? padding, PreparedWeights? weights = null)
    {
        (Length, Offset, _weights) = (length, offset, weights);
        if (padding is not null)
        {
            _padding = padding;
            MaxPadding = padding.Max();
            _starts = MlxArray.Create<int>([.. padding], padding.Count);
            Positions = Mx.Subtract(offset, _starts);
        }
        else
        {
            Positions = offset;
        }
    }

    internal int Length { get; }

    /// <summary>The largest number of padding positions at the start of a sequence.</summary>
    internal int MaxPadding { get; }

    /// <summary>The index of the first token in the caches.</summary>
    internal int Offset { get; }

    /// <summary>The number of positions after this pass.</summary>
    internal int End => Offset + Length;

    /// <summary>The position of the first token: one for all sequences, or one per sequence.</summary>
    internal MlxArray Positions { get; }

    /// <summary>Whether the device has a kernel for rotary embeddings.</summary>
    internal bool HasRotaryKernel { get; } = Mx.DefaultDevice().Type != DeviceType.Cpu;

    /// <summary>Applies a layer.</summary>
    internal MlxArray Apply(Linear layer, MlxArray x) => _weights is null ? layer.Forward(x) : _weights.Apply(layer, x);

    /// <summary>Applies a norm.</summary>
    internal MlxArray Normalize(Norm norm, MlxArray x) =>
        _weights is null || HasRotaryKernel || x.NDim != 2 || x.DType != DType.Float32
            ? norm.Forward(x)
            : _weights.Normalize(norm, x);

    /// <summary>Looks up the vectors of tokens.</summary>
    /// <param name="table">The embedding table.</param>
    /// <param name="tokens">The token IDs, of shape (count,).</param>
    internal MlxArray Embed(Embedding table, MlxArray tokens) =>
        _weights is null || HasRotaryKernel || tokens.Shape[0] != 1 ? table.Forward(tokens) : _weights.Embed(table, tokens);

    /// <summary>
    /// Returns the rotation of a single position as a matrix that all layers share, or null if another method is faster. For float32 on
    /// MLX's CPU backend, one matrix product is faster than the many small operations that it replaces.
    /// </summary>
    /// <param name="rotary">The rotary embedding.</param>
    /// <param name="dtype">The dtype of the rotated arrays.</param>
    /// <param name="scale">The factor by which the matrix also multiplies.</param>
    internal MlxArray? RotationOf(RotaryEmbedding rotary, DType dtype, float scale = 1)
    {
        if (Length > 1 || HasRotaryKernel || dtype != DType.Float32 || _starts is not null)
        {
            return null;
        }
        if (!_rotations.TryGetValue((rotary, scale), out MlxArray? rotation))
        {
            rotation = scale == 1 ? rotary.MakeRotation(this) : Mx.Multiply(RotationOf(rotary, dtype)!, scale);
            _rotations[(rotary, scale)] = rotation;
        }
        return rotation;
    }

    /// <summary>The cosines and sines of a rotary embedding, which all layers share.</summary>
    internal (MlxArray Cosines, MlxArray Sines) TablesOf(RotaryEmbedding rotary, DType dtype)
    {
        if (!_tables.TryGetValue((rotary, dtype), out (MlxArray, MlxArray) tables))
        {
            _tables[(rotary, dtype)] = tables = rotary.MakeTables(this, dtype);
        }
        return tables;
    }

    /// <summary>Returns the mask that determines which keys each token sees.</summary>
    /// <param name="first">The index of the first key.</param>
    /// <param name="count">The number of keys. The last key belongs to the last token.</param>
    /// <param name="window">The number of positions that a token sees, including its own; null for all preceding positions.</param>
    internal AttentionMask MaskFor(int first, int count, int? window)
    {
        bool windowed = window is { } size && count > size;
        if (_padding is null && !windowed)
        {
            return Length == 1 ? AttentionMask.None : AttentionMask.Causal;
        }
        return new(Mask(first, count, windowed ? window : null));
    }

    /// <summary>Returns the mask as an array, for code that doesn't support named masks.</summary>
    internal MlxArray Mask(int first, int count, int? window)
    {
        if (!_masks.TryGetValue((first, count, window), out MlxArray? mask))
        {
            _masks[(first, count, window)] = mask = Make(first, count, window);
        }
        return mask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MlxArray mask in _masks.Values)
        {
            mask.Dispose();
        }
        foreach ((MlxArray cosines, MlxArray sines) in _tables.Values)
        {
            cosines.Dispose();
            sines.Dispose();
        }
        foreach (MlxArray rotation in _rotations.Values)
        {
            rotation.Dispose();
        }
        _starts?.Dispose();
        Positions.Dispose();
    }

    private MlxArray Make(int first, int count, int? window)
    {
        using MlxArray row = Mx.Arange(Offset, End, 1, DType.Int32);
        using MlxArray queries = Mx.Reshape(row, Length, 1);
        using MlxArray keys = Mx.Arange(first, first + count, 1, DType.Int32);
        MlxArray mask = Mx.LessEqual(keys, queries);
        if (window is { } size)
        {
            using MlxArray shifted = Mx.Add(keys, size);
            using MlxArray near = Mx.Greater(shifted, queries);
            mask = Replace(mask, Mx.LogicalAnd(mask, near));
        }
        if (_starts is not null)
        {
            using MlxArray starts = Mx.Reshape(_starts, -1, 1, 1, 1);
            using MlxArray real = Mx.GreaterEqual(keys, starts);

            // Padding positions see themselves, because a softmax over nothing is NaN, which would spread.
            using MlxArray own = Mx.Equal(keys, queries);
            using MlxArray visible = Mx.LogicalOr(real, own);
            mask = Replace(mask, Mx.LogicalAnd(mask, visible));
        }
        return mask;
    }
}

/// <summary>Determines which keys a query sees.</summary>
/// <param name="Array">A Boolean array that broadcasts to (batch, heads, queries, keys), or null.</param>
/// <param name="IsCausal">Whether each query sees the keys up to its own.</param>
internal readonly record struct AttentionMask(MlxArray? Array, bool IsCausal = false)
{
    internal static AttentionMask None => default;

    internal static AttentionMask Causal => new(null, true);
}
