namespace DotMlx.NN;

/// <summary>A layer that has a quantized form.</summary>
public interface IQuantizable
{
    /// <summary>Whether this one can be quantized; false for layers that are already.</summary>
    bool CanQuantize { get; }

    /// <summary>Makes the quantized form of this layer.</summary>
    /// <param name="groupSize">How many weights share a scale; null for the mode's default.</param>
    /// <param name="bits">Bits per weight; null for the mode's default.</param>
    /// <param name="mode">affine, mxfp4, nvfp4 or mxfp8.</param>
    /// <param name="quantizeInput">Whether the input is quantized too.</param>
    /// <returns>A new layer that shares what need not be quantized.</returns>
    Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false);
}
