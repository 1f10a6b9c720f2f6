namespace DotMlx.NN;

/// <summary>The quantization modes and their defaults.</summary>
internal static class QuantizationMode
{
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public static (int GroupSize, int Bits) Defaults(string mode, int? groupSize, int? bits)
    {
        (int group, int width) = mode switch
        {
            "affine" => (64, 4),
            "mxfp4" => (32, 4),
            "nvfp4" => (16, 4),
            "mxfp8" => (32, 8),
            _ => throw new ArgumentException($"There is no quantization mode '{mode}': use affine, mxfp4, nvfp4, or mxfp8.", nameof(mode)),
        };
        return (groupSize ?? group, bits ?? width);
    }
}
