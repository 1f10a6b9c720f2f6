namespace DotMlx.LanguageModels;

/// <summary>How a weight is quantized (<c>quantization</c> of mlx-lm's <c>config.json</c>).</summary>
/// <param name="GroupSize">The number of elements that share a scale.</param>
/// <param name="Bits">The number of bits per element.</param>
/// <param name="Mode"><c>affine</c>, <c>mxfp4</c>, <c>mxfp8</c>, or <c>nvfp4</c>.</param>
public sealed record Quantization(int GroupSize, int Bits, string Mode = "affine")
{
    private static readonly int[] KnownBits = [2, 3, 4, 5, 6, 8];
    private static readonly Dictionary<string, (int Group, int Bits)> Modes = new(StringComparer.Ordinal)
    {
        ["affine"] = (64, 4), ["mxfp4"] = (32, 4), ["mxfp8"] = (32, 8), ["nvfp4"] = (16, 4),
    };

    /// <summary>Creates settings from user input, with the defaults of the mode.</summary>
    /// <exception cref="ArgumentException">The mode is unknown, or it doesn't support the group size or the bits.</exception>
    internal static Quantization Create(int? groupSize, int? bits, string mode)
    {
        if (!Modes.TryGetValue(mode, out (int Group, int Bits) only))
        {
            throw new ArgumentException(
                $"There is no quantization mode '{mode}'; expected one of {string.Join(", ", Modes.Keys)}.", nameof(mode));
        }
        Quantization made = new(groupSize ?? only.Group, bits ?? only.Bits, mode);
        if (mode != "affine")
        {
            return (made.GroupSize, made.Bits) == only
                ? made
                : throw new ArgumentException(
                    $"The mode {mode} needs {only.Bits} bits and groups of {only.Group}, not {made.Bits} and {made.GroupSize}.");
        }
        return made.GroupSize is not (32 or 64 or 128)
            ? throw new ArgumentException($"The group size is {made.GroupSize}, expected 32, 64, or 128.", nameof(groupSize))
            : KnownBits.Contains(made.Bits)
                ? made
                : throw new ArgumentException($"{made.Bits} bits aren't supported; expected one of {string.Join(", ", KnownBits)}.",
                    nameof(bits));
    }

    /// <summary>Reads the settings of a section, also of a section for a single layer. Missing settings have the defaults of MLX.</summary>
    /// <exception cref="NotSupportedException">The mode is unknown.</exception>
    /// <exception cref="InvalidDataException">A number is missing or not supported by MLX.</exception>
    internal static Quantization Read(ModelConfig section)
    {
        string mode = section.TextOrNull("mode") ?? "affine";
        (int Group, int Bits)? only = mode switch
        {
            "affine" => null,
            "mxfp4" => (32, 4),
            "mxfp8" => (32, 8),
            "nvfp4" => (16, 4),
            _ => throw section.Unsupported("mode", $"is '{mode}'; expected affine, mxfp4, mxfp8, or nvfp4"),
        };
        int groupSize = section.IntegerOr("group_size", only?.Group ?? 64);
        int bits = section.IntegerOr("bits", only?.Bits ?? 4);
        if (only is { } fixedSizes && (groupSize, bits) != fixedSizes)
        {
            throw section.Broken("bits",
                $"is {bits} and 'group_size' {groupSize}; mode {mode} has {fixedSizes.Bits} and {fixedSizes.Group}");
        }
        if (only is null && groupSize is not (32 or 64 or 128))
        {
            throw section.Broken("group_size", $"is {groupSize}, expected 32, 64, or 128");
        }
        if (only is null && !KnownBits.Contains(bits))
        {
            throw section.Broken("bits", $"is {bits}, expected one of {string.Join(", ", KnownBits)}");
        }
        return new(groupSize, bits, mode);
    }
}
