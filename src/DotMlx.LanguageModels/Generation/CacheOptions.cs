namespace DotMlx.LanguageModels;

/// <summary>How keys and values of earlier tokens are kept.</summary>
public enum CacheKind
{
    /// <summary>As they are; layers with a sliding window keep only what lies in it.</summary>
    Rotating,

    /// <summary>As they are, all of them.</summary>
    Growing,

    /// <summary>
    /// All of them, packed into a few bits for each number once a text is long: little memory, and from then on slightly different results.
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

    /// <summary>How keys and values are kept.</summary>
    public CacheKind Kind { get; init; } = CacheKind.Rotating;

    /// <summary>By how many positions the memory grows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public int Step
    {
        get => _step;
        init => _step = value > 0 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A cache grows by at least one position.");
    }

    /// <summary>How many positions a quantized cache keeps as they are; one more, and it packs all of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int QuantizeFrom
    {
        get => _quantizeFrom;
        init => _quantizeFrom = value >= 0 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A number of positions is not negative.");
    }

    /// <summary>Bits for each number of a quantized cache: 2, 3, 4, 5, 6 or 8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">MLX has no such width.</exception>
    public int Bits
    {
        get => _bits;
        init => _bits = value is >= 2 and <= 8 and not 7
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Numbers are quantized to 2, 3, 4, 5, 6 or 8 bits.");
    }

    /// <summary>How many numbers of a quantized cache share a scale: 32, 64 or 128.</summary>
    /// <exception cref="ArgumentOutOfRangeException">MLX has no such group.</exception>
    public int GroupSize
    {
        get => _groupSize;
        init => _groupSize = value is 32 or 64 or 128
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Groups have 32, 64 or 128 numbers.");
    }
}
