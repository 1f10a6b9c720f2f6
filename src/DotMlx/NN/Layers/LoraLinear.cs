namespace DotMlx.NN;

/// <summary>
/// A linear layer, plain or quantized, with a trained low-rank correction: y = linear(x) + scale · (dropout(x) A) B, as in mlx's
/// examples. The parameters are <c>linear.*</c> (frozen by <see cref="FromLinear"/>), <c>lora_a</c> and <c>lora_b</c>.
/// </summary>
public sealed partial class LoraLinear : Linear
{
    private readonly Dropout _dropout;

    /// <summary>Makes a layer around a new linear layer.</summary>
    /// <param name="inputDims">The size of the last axis of the input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="r">The rank of the correction.</param>
    /// <param name="dropout">The probability of dropping inputs of the correction.</param>
    /// <param name="scale">Multiplies the correction.</param>
    /// <param name="bias">Whether the linear layer has a bias.</param>
    public LoraLinear(int inputDims, int outputDims, int r = 8, double dropout = 0.0, double scale = 20.0, bool bias = false)
        : this(new Linear(inputDims, outputDims, bias), r, dropout, scale)
    {
    }

    private LoraLinear(Linear linear, int r, double dropout, double scale)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(r);
        Linear = linear;
        _dropout = new(dropout);
        Scale = scale;
        LoraA = LayerInit.Uniform(1.0 / Math.Sqrt(linear.InputDims), linear.InputDims, r);
        LoraB = Mx.Zeros(r, linear.OutputDims);
    }

    /// <summary>The layer that is corrected.</summary>
    public Linear Linear { get; }

    /// <summary>Into the low rank, of shape (input, r).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>Out of the low rank, of shape (r, output); zeros at first.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>Multiplies the correction.</summary>
    public double Scale { get; }

    /// <summary>The weight of the corrected layer, possibly quantized; without the correction.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The bias of the corrected layer.</summary>
    [NotParameter]
    public override MlxArray? Bias
    {
        get => Linear.Bias;
        set => Linear?.Bias = value;
    }

    /// <inheritdoc/>
    public override int InputDims => Linear.InputDims;

    /// <inheritdoc/>
    public override int OutputDims => Linear.OutputDims;

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Puts a correction on a layer, which is frozen.</summary>
    /// <param name="linear">The layer, plain or quantized.</param>
    /// <param name="r">The rank of the correction.</param>
    /// <param name="dropout">The probability of dropping inputs of the correction.</param>
    /// <param name="scale">Multiplies the correction.</param>
    public static LoraLinear FromLinear(Linear linear, int r = 8, double dropout = 0.0, double scale = 20.0)
    {
        ArgumentNullException.ThrowIfNull(linear);
        linear.Freeze();
        return new(linear, r, dropout, scale);
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Linear.Forward(x);
        MlxArray correction = Mx.MatMul(Mx.MatMul(_dropout.Forward(x), LoraA), LoraB);
        return scope.Keep(y + Mx.AsType(correction * Scale, y.DType));
    }

    /// <summary>Adds the correction into the weight.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes a plain one; if not, the sum is quantized again.</param>
    /// <returns>A layer of the kind of <see cref="Linear"/> without correction.</returns>
    public Linear Fuse(bool dequantize = false)
    {
        using MlxScope scope = MlxScope.Begin();
        QuantizedLinear? quantized = Linear as QuantizedLinear;
        MlxArray weight = quantized is null
            ? Linear.Weight
            : Mx.Dequantize(quantized.Weight, quantized.Scales, quantized.Biases, quantized.GroupSize, quantized.Bits, quantized.Mode);
        MlxArray correction = Mx.Transpose(Mx.MatMul(LoraA * Scale, LoraB));
        Linear fused = new(weight + Mx.AsType(correction, weight.DType), Linear.Bias);
        if (quantized is not null && !dequantize)
        {
            fused = QuantizedLinear.FromLinear(fused, quantized.GroupSize, quantized.Bits, quantized.Mode);
        }
        foreach (MlxArray array in fused.Parameters().Leaves)
        {
            scope.Keep(array);
        }
        return fused;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Quantize before the correction is put on, or fuse first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("Quantize the layer before LoraLinear.FromLinear, or Fuse() first.");

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"input_dims={InputDims}, output_dims={OutputDims}, r={LoraA.Shape[1]}";
}
