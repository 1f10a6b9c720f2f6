namespace DotMlx.NN;

/// <summary>
/// A linear layer without a bias that also quantizes its input (<c>nn.QQLinear</c>). In training mode, the weight has full precision and is
/// quantized in each call, so that it can be trained. <see cref="Module.Eval"/> quantizes the weight, and <see cref="Module.Train"/>
/// restores it.
/// </summary>
public sealed partial class QQLinear : Linear
{
    /// <summary>Creates a layer with random weights.</summary>
    /// <param name="inputDims">The size of the last axis of the input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">nvfp4 or mxfp8.</param>
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public QQLinear(int inputDims, int outputDims, int? groupSize = null, int? bits = null, string mode = "nvfp4")
        : base(inputDims, outputDims, bias: false)
    {
        (GroupSize, Bits) = QuantizationMode.Defaults(mode, groupSize, bits);
        Mode = mode;
    }

    private QQLinear(MlxArray weight, int? groupSize, int? bits, string mode)
        : base(weight)
    {
        (GroupSize, Bits) = QuantizationMode.Defaults(mode, groupSize, bits);
        Mode = mode;
    }

    /// <summary>The scales while the weight is quantized; otherwise, null.</summary>
    public MlxArray? Scales { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The number of weights that share a scale.</summary>
    public int GroupSize { get; }

    /// <summary>The number of bits per weight.</summary>
    public int Bits { get; }

    /// <summary>The quantization mode.</summary>
    public string Mode { get; }

    /// <summary>Whether the weight is currently quantized.</summary>
    public bool IsQuantized => Scales is not null;

    /// <inheritdoc/>
    public override int InputDims => IsQuantized ? Weight.Shape[^1] * 32 / Bits : Weight.Shape[^1];

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Creates the layer from a linear layer without a bias.</summary>
    /// <param name="linear">The layer.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">nvfp4 or mxfp8.</param>
    /// <exception cref="NotSupportedException">The layer has a bias.</exception>
    public static QQLinear FromLinear(Linear linear, int? groupSize = null, int? bits = null, string mode = "nvfp4")
    {
        ArgumentNullException.ThrowIfNull(linear);
        if (linear.Bias is not null)
        {
            throw new NotSupportedException("QQLinear has no bias; make the Linear layer with bias: false.");
        }
        QQLinear result = new(linear.Weight, groupSize, bits, mode);
        result.Train(linear.Training);
        return result;
    }

    /// <summary>Quantizes the weight, unless it already is quantized.</summary>
    public void Quantize()
    {
        if (!IsQuantized)
        {
            ModuleSlot.Unchecked(() => (Weight, Scales, _) = Mx.Quantize(Weight, GroupSize, Bits, Mode));
        }
    }

    /// <summary>Restores the weight to full precision, unless it already has it.</summary>
    public void Dequantize()
    {
        if (IsQuantized)
        {
            ModuleSlot.Unchecked(() => Weight = Mx.Dequantize(Weight, Scales!, null, GroupSize, Bits, Mode));
            Scales = null;
        }
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x) => Mx.QQMM(x, Weight, Scales, GroupSize, Bits, Mode);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer can't be quantized, because it quantizes itself in evaluation mode.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("QQLinear quantizes itself in evaluation mode.");

    /// <inheritdoc/>
    protected override void SetTrainingMode(bool mode)
    {
        base.SetTrainingMode(mode);
        if (mode)
        {
            Dequantize();
        }
        else
        {
            Quantize();
        }
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => base.ExtraRepr() + $", group_size={GroupSize}, bits={Bits}, mode={Mode}";
}
