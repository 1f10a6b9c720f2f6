using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// The keys and values of the tokens that a decoder has processed, so that each is computed only once. A cache belongs to one text, or to
/// the texts of one batch. It isn't thread-safe.
/// </summary>
public sealed class DecoderCache : IDisposable
{
    private readonly CacheOptions _options;
    private readonly DecoderDescription _description;
    private readonly LayerCache[] _layers;

    /// <summary>Creates an empty cache.</summary>
    /// <param name="decoder">The decoder that uses the cache.</param>
    /// <param name="options">How keys and values are stored; null for the defaults.</param>
    public DecoderCache(Decoder decoder, CacheOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(decoder);
        _options = options ?? new();
        _description = decoder.Description;
        _layers = [.. _description.Layers.Select(layer => Create(layer.Attention))];
    }

    /// <summary>The number of positions in the cache, including padding.</summary>
    public int Offset => _layers.Length == 0 ? 0 : _layers[0].Offset;

    /// <summary>The number of last positions that <see cref="Trim"/> can remove.</summary>
    public int Trimmable => _layers.Length == 0 ? 0 : _layers.Min(layer => layer.Trimmable);

    internal CacheOptions Options => _options;

    internal IReadOnlyList<LayerCache> Layers => _layers;

    /// <summary>The number of padding positions at the start of each sequence; null for none.</summary>
    internal IReadOnlyList<int>? Padding { get; private set; }

    /// <summary>The weights that are prepared once for many passes; null outside a generation.</summary>
    internal PreparedWeights? Weights { get; set; }

    /// <summary>The arrays in use, for <see cref="Mx.Eval(IEnumerable{MlxArray})"/>.</summary>
    internal IEnumerable<MlxArray> Arrays => _layers.SelectMany(layer => layer.Arrays);

    /// <summary>Removes the last positions.</summary>
    /// <param name="count">The number of positions to remove.</param>
    /// <returns>Whether the positions were removed. If <see cref="Trimmable"/> is less than the count, nothing changes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public bool Trim(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > Trimmable)
        {
            return false;
        }
        foreach (LayerCache layer in _layers)
        {
            layer.Trim(count);
        }
        return true;
    }

    /// <summary>Removes all positions and frees the memory. The cache can be used again.</summary>
    public void Reset()
    {
        Padding = null;
        foreach (LayerCache layer in _layers)
        {
            layer.Dispose();
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Reset();

    /// <summary>Sets the number of padding positions at the start of each sequence. The cache must be empty.</summary>
    internal void Pad(IReadOnlyList<int> padding) => Padding = padding.All(count => count == 0) ? null : padding;

    /// <summary>Keeps some sequences of a batch.</summary>
    internal void Select(IReadOnlyList<int> rows)
    {
        using MlxArray indices = MlxArray.Create<int>([.. rows], rows.Count);
        foreach (LayerCache layer in _layers)
        {
            layer.Select(indices);
        }
        Padding = Padding is { } padding ? [.. rows.Select(row => padding[row])] : null;
    }

    /// <exception cref="ArgumentException">
    /// The cache was created for a model with other layers, or holds another number of sequences.
    /// </exception>
    internal void Check(Decoder decoder, int batch)
    {
        if (!ReferenceEquals(decoder.Description, _description) && !Fits(decoder.Description))
        {
            throw new ArgumentException("The cache was made for another model: make one with new DecoderCache(decoder).", nameof(decoder));
        }
        if (Arrays.FirstOrDefault() is { } array && array.Shape[0] != batch && Offset > 0)
        {
            throw new ArgumentException($"The cache holds {array.Shape[0]} sequences, but the batch has {batch}.", nameof(batch));
        }
    }

    internal void Save(string path, IReadOnlyList<int> tokens) => CacheFiles.Save(path, _layers, tokens);

    internal int[] Load(string path) => CacheFiles.Load(path, _layers, _description);

    private bool Fits(DecoderDescription other) => other.Layers.Count == _description.Layers.Count
        && other.Layers.Zip(_description.Layers).All(pair =>
            (pair.First.Attention.KeyValueHeads, pair.First.Attention.HeadDims, pair.First.Attention.Window)
            == (pair.Second.Attention.KeyValueHeads, pair.Second.Attention.HeadDims, pair.Second.Attention.Window));

    private LayerCache Create(AttentionDescription attention) => _options.Kind switch
    {
        CacheKind.Quantized => new QuantizedCache(_options),
        CacheKind.Rotating when attention.Window is { } window => new RotatingCache(window, _options.Step),
        CacheKind.Rotating or CacheKind.Growing => new GrowingCache(_options.Step),
        _ => throw new ArgumentException($"Unknown kind of cache: {_options.Kind}."),
    };
}
