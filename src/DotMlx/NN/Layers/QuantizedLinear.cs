namespace DotMlx.NN;

/// <summary>A linear layer with a quantized weight; all its parameters are frozen (<c>nn.QuantizedLinear</c>).</summary>
public partial class QuantizedLinear : Linear
{
    /// <summary>Creates a layer with random weights.</summary>
    /// <param name="inputDims">The size of the last axis of the input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="bias">Whether to add a bias, which is initially zero.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public QuantizedLinear(
        int inputDims, int outputDims, bool bias = true, int? groupSize = null, int? bits = null, string mode = "affine")
        : this(groupSize, bits, mode)
    {
        using MlxArray weight = LayerInit.Uniform(Math.Sqrt(1.0 / inputDims), outputDims, inputDims);
        SetQuantized(weight);
        Bias = bias ? Mx.Zeros(outputDims) : null;
        Freeze();
    }

    /// <summary>Creates a layer from arrays, such as those that <see cref="Mx.Quantize"/> returns.</summary>
    /// <param name="weight">The packed weight (uint32), of shape (output, input · bits / 32).</param>
    /// <param name="scales">The scales, of shape (output, input / group size).</param>
    /// <param name="biases">The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</param>
    /// <param name="bias">The bias, of shape (output,), or null.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public QuantizedLinear(
        MlxArray weight, MlxArray scales, MlxArray? biases, MlxArray? bias = null, int? groupSize = null, int? bits = null,
        string mode = "affine")
        : this(groupSize, bits, mode)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(scales);
        (Weight, Scales, Biases, Bias) = (weight, scales, biases, bias);
        Freeze();
    }

    private protected QuantizedLinear(int? groupSize, int? bits, string mode)
    {
        (GroupSize, Bits) = QuantizationMode.Defaults(mode, groupSize, bits);
        Mode = mode;
        Scales = null!;
    }

    /// <summary>The scales, of shape (output, input / group size).</summary>
    public MlxArray Scales { get; set => SetArray(ref field, value); }

    /// <summary>The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</summary>
    public MlxArray? Biases { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The number of weights that share a scale.</summary>
    public int GroupSize { get; }

    /// <summary>The number of bits per weight.</summary>
    public int Bits { get; }

    /// <summary>The quantization mode.</summary>
    public string Mode { get; }

    /// <inheritdoc/>
    public override int InputDims => Weight.Shape[^1] * 32 / Bits;

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Quantizes a linear layer; the bias is shared.</summary>
    /// <param name="linear">The layer.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    public static QuantizedLinear FromLinear(Linear linear, int? groupSize = null, int? bits = null, string mode = "affine")
    {
        ArgumentNullException.ThrowIfNull(linear);
        QuantizedLinear result = new(groupSize, bits, mode);
        result.SetQuantized(linear.Weight);
        result.Bias = linear.Bias;
        result.Freeze();
        return result;
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x) => AddBias(Multiply(x));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer is already quantized.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException($"{GetType().Name} is already quantized; dequantize its weight first.");

    private protected void SetQuantized(MlxArray weight) =>
        (Weight, Scales, Biases) = Mx.Quantize(weight, GroupSize, Bits, Mode);

    /// <summary>Sets the parameters to a part of another quantized layer's parameters and freezes them.</summary>
    private protected void SetParts(Tree parts)
    {
        Weight = parts["weight"].Array;
        Scales = parts["scales"].Array;
        Biases = parts.TryFind("biases", out Tree? biases) ? biases.Array : null;
        Bias = parts.TryFind("bias", out Tree? bias) ? bias.Array : null;
        Freeze();
    }

    private protected MlxArray Multiply(MlxArray x) =>
        Mx.QuantizedMatMul(x, Weight, Scales, Biases, transpose: true, groupSize: GroupSize, bits: Bits, mode: Mode);

    private protected MlxArray AddBias(MlxArray y)
    {
        if (Bias is null)
        {
            return y;
        }
        using (y)
        {
            return Mx.Add(y, Bias);
        }
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => base.ExtraRepr() + $", group_size={GroupSize}, bits={Bits}, mode={Mode}";
}
