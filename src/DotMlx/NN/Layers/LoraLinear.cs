namespace DotMlx.NN;

/// <summary>
/// A linear layer, plain or quantized, with a trainable low-rank adapter: y = linear(x) + scale · (dropout(x) A) B, as in MLX's examples.
/// The parameters are <c>linear.*</c> (frozen by <see cref="FromLinear"/>), <c>lora_a</c>, and <c>lora_b</c>.
/// </summary>
public sealed partial class LoraLinear : Linear
{
    private readonly Dropout _dropout;

    /// <summary>Creates a layer around a new linear layer.</summary>
    /// <param name="inputDims">The size of the last axis of the input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="r">The rank of the adapter.</param>
    /// <param name="dropout">The dropout probability of the adapter's input.</param>
    /// <param name="scale">The scale factor of the adapter.</param>
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

    /// <summary>The layer that is adapted.</summary>
    public Linear Linear { get; }

    /// <summary>The weight to the low rank, of shape (input, r).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>The weight from the low rank, of shape (r, output); initially zeros.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The scale factor of the adapter.</summary>
    public double Scale { get; }

    /// <summary>The weight of the adapted layer, possibly quantized, without the adapter.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The bias of the adapted layer.</summary>
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

    /// <summary>Adds an adapter to a layer and freezes the layer.</summary>
    /// <param name="linear">The layer, plain or quantized.</param>
    /// <param name="r">The rank of the adapter.</param>
    /// <param name="dropout">The dropout probability of the adapter's input.</param>
    /// <param name="scale">The scale factor of the adapter.</param>
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

    /// <summary>Merges the adapter into the weight.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes a plain one. If false, the sum is quantized again.</param>
    /// <returns>A layer of the type of <see cref="Linear"/>, without an adapter.</returns>
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
    /// <exception cref="NotSupportedException">
    /// A layer with an adapter can't be quantized. Quantize it before adding the adapter, or fuse first.
    /// </exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("Quantize the layer before LoraLinear.FromLinear, or Fuse() first.");

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"input_dims={InputDims}, output_dims={OutputDims}, r={LoraA.Shape[1]}";
}
