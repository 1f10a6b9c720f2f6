using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// Affine maps of several experts with quantized weights; all its parameters are frozen (<c>QuantizedSwitchLinear</c> of mlx-lm).
/// </summary>
public sealed partial class QuantizedSwitchLinear : SwitchLinear
{
    private readonly Quantization _quantization;

    /// <summary>Creates a layer from arrays.</summary>
    /// <param name="weight">The packed weights, uint32.</param>
    /// <param name="scales">The scales, of shape (experts, output, input / group size).</param>
    /// <param name="biases">The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</param>
    /// <param name="bias">The biases of the outputs, of shape (experts, output), or null.</param>
    /// <param name="quantization">The quantization of the weights.</param>
    public QuantizedSwitchLinear(MlxArray weight, MlxArray scales, MlxArray? biases, MlxArray? bias, Quantization quantization)
        : base(weight, bias)
    {
        ArgumentNullException.ThrowIfNull(scales);
        ArgumentNullException.ThrowIfNull(quantization);
        Scales = scales;
        Biases = biases;
        _quantization = quantization;
        Freeze();
    }

    /// <summary>The scales, of shape (experts, output, input / group size).</summary>
    public MlxArray Scales { get; set; }

    /// <summary>The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</summary>
    public MlxArray? Biases { get; set; }

    /// <summary>The quantization of the weights.</summary>
    public Quantization Quantization => _quantization;

    /// <inheritdoc/>
    public override int InputDims => Scales.Shape[2] * _quantization.GroupSize;

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x, MlxArray indices, bool sorted = false) => AddBias(
        Mx.GatherQMM(
            x, Weight, Scales, Biases, rhsIndices: indices, transpose: true, groupSize: _quantization.GroupSize, bits: _quantization.Bits,
            mode: _quantization.Mode, sortedIndices: sorted),
        indices);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer is already quantized.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("QuantizedSwitchLinear is already quantized.");

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        base.ExtraRepr() + $", group_size={_quantization.GroupSize}, bits={_quantization.Bits}, mode={_quantization.Mode}";
}
