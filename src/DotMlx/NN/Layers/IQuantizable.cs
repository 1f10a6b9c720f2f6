namespace DotMlx.NN;

/// <summary>A layer that has a quantized form.</summary>
public interface IQuantizable
{
    /// <summary>Whether this layer can be quantized; false if it already is.</summary>
    bool CanQuantize { get; }

    /// <summary>Creates the quantized form of this layer.</summary>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <param name="quantizeInput">Whether to quantize the input too.</param>
    /// <returns>A new layer that shares the arrays that aren't quantized.</returns>
    Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false);
}
