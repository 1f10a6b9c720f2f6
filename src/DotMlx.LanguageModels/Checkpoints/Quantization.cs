namespace DotMlx.LanguageModels;

/// <summary>How a weight is quantized (<c>quantization</c> of mlx-lm's <c>config.json</c>).</summary>
/// <param name="GroupSize">How many elements share a scale.</param>
/// <param name="Bits">Bits for each element.</param>
/// <param name="Mode"><c>affine</c>, <c>mxfp4</c>, <c>mxfp8</c> or <c>nvfp4</c>.</param>
public sealed record Quantization(int GroupSize, int Bits, string Mode = "affine")
{
    private static readonly int[] s_bits = [2, 3, 4, 5, 6, 8];

    /// <summary>Reads the settings of a section.</summary>
    /// <exception cref="NotSupportedException">There is no such mode.</exception>
    /// <exception cref="InvalidDataException">A number is missing or not one that MLX knows.</exception>
    internal static Quantization Read(ModelConfig section, Quantization? inherited = null)
    {
        string mode = section.TextOrNull("mode") ?? inherited?.Mode ?? "affine";
        (int Group, int Bits)? only = mode switch
        {
            "affine" => null,
            "mxfp4" => (32, 4),
            "mxfp8" => (32, 8),
            "nvfp4" => (16, 4),
            _ => throw section.Unsupported("mode", $"is '{mode}'; known are affine, mxfp4, mxfp8 and nvfp4"),
        };
        int groupSize = section.IntegerOr("group_size", only?.Group ?? inherited?.GroupSize ?? 64);
        int bits = section.IntegerOr("bits", only?.Bits ?? inherited?.Bits ?? 4);
        if (only is { } fixedSizes && (groupSize, bits) != fixedSizes)
        {
            throw section.Broken("bits", $"is {bits} and 'group_size' {groupSize}; mode {mode} has {fixedSizes.Bits} and {fixedSizes.Group}");
        }
        if (only is null && groupSize is not (32 or 64 or 128))
        {
            throw section.Broken("group_size", $"is {groupSize}, expected 32, 64 or 128");
        }
        if (only is null && !s_bits.Contains(bits))
        {
            throw section.Broken("bits", $"is {bits}, expected one of {string.Join(", ", s_bits)}");
        }
        return new(groupSize, bits, mode);
    }
}
