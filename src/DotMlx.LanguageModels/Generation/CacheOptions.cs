namespace DotMlx.LanguageModels;

/// <summary>How a cache stores the keys and values of earlier tokens.</summary>
public enum CacheKind
{
    /// <summary>Unquantized. Layers with a sliding window keep only the positions in the window.</summary>
    Rotating,

    /// <summary>Unquantized, for all positions.</summary>
    Growing,

    /// <summary>
    /// For all positions, quantized once a text is long. This needs little memory, but the results then differ slightly.
    /// </summary>
    Quantized,
}

/// <summary>The settings of a <see cref="DecoderCache"/>.</summary>
public sealed record CacheOptions
{
    private readonly int _step = 256;
    private readonly int _bits = 8;
    private readonly int _groupSize = 64;
    private readonly int _quantizeFrom = 1024;

    /// <summary>How the cache stores keys and values.</summary>
    public CacheKind Kind { get; init; } = CacheKind.Rotating;

    /// <summary>The number of positions by which the buffers grow.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public int Step
    {
        get => _step;
        init => _step = value > 0 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The cache must grow by at least one position.");
    }

    /// <summary>
    /// The maximum number of positions that a quantized cache keeps unquantized. Beyond it, the cache quantizes all positions.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int QuantizeFrom
    {
        get => _quantizeFrom;
        init => _quantizeFrom = value >= 0 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The number of positions must not be negative.");
    }

    /// <summary>The number of bits per element of a quantized cache: 2, 3, 4, 5, 6, or 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">MLX doesn't support the number of bits.</exception>
    public int Bits
    {
        get => _bits;
        init => _bits = value is >= 2 and <= 8 and not 7
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The number of bits must be 2, 3, 4, 5, 6, or 8.");
    }

    /// <summary>The number of elements of a quantized cache that share a scale: 32, 64, or 128.</summary>
    /// <exception cref="ArgumentOutOfRangeException">MLX doesn't support the group size.</exception>
    public int GroupSize
    {
        get => _groupSize;
        init => _groupSize = value is 32 or 64 or 128
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The group size must be 32, 64, or 128.");
    }
}
