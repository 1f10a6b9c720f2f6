namespace DotMlx.NN;

/// <summary>
/// A linear layer, plain or quantized, with a trainable low-rank adapter: y = linear(x) + scale · (dropout(x) A) B, as in MLX's examples.
/// The parameters are <c>linear.*</c> (frozen by <see cref="FromLinear"/>), <c>lora_a</c>, and <c>lora_b</c>.
/// </summary>
public partial class LoraLinear : Linear
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

    /// <summary>Adds an adapter to a layer. The layer doesn't change and stays trainable if it was.</summary>
    /// <param name="linear">The layer, plain or quantized.</param>
    /// <param name="r">The rank of the adapter.</param>
    /// <param name="dropout">The dropout probability of the adapter's input.</param>
    /// <param name="scale">The scale factor of the adapter.</param>
    protected LoraLinear(Linear linear, int r, double dropout, double scale)
    {
        ArgumentNullException.ThrowIfNull(linear);
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

    /// <summary>The weight of the adapted layer, dequantized if it is quantized.</summary>
    protected MlxArray PlainWeight => Linear is QuantizedLinear quantized
        ? Mx.Dequantize(quantized.Weight, quantized.Scales, quantized.Biases, quantized.GroupSize, quantized.Bits, quantized.Mode)
        : Linear.Weight;

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
        if (x.NDim != 2 || y.DType != DType.Float32 || LoraA.DType != DType.Float32 || LoraB.DType != DType.Float32)
        {
            return scope.Keep(y + Mx.AsType(LowRankUpdate(x), y.DType));
        }

        // One operation multiplies and adds, and the small factor is scaled. With more axes, MLX would copy the weight for each matrix.
        return scope.Keep(Mx.AddMM(y, Mx.MatMul(_dropout.Forward(x), LoraA) * Scale, LoraB));
    }

    /// <summary>Merges the adapter into the weight.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes a plain one. If false, the sum is quantized again.</param>
    /// <returns>A layer of the type of <see cref="Linear"/>, without an adapter.</returns>
    public virtual Linear Fuse(bool dequantize = false) =>
        WithWeight(dequantize, weight => weight + Mx.AsType(DeltaWeight(), weight.DType));

    /// <summary>The adapter's contribution to the output: scale · (dropout(x) A) B, in the adapter's dtype.</summary>
    /// <param name="x">The input of the layer.</param>
    protected MlxArray LowRankUpdate(MlxArray x) => Mx.MatMul(Mx.MatMul(_dropout.Forward(x), LoraA), LoraB) * Scale;

    /// <summary>The adapter's contribution to the weight, of shape (output, input), in the adapter's dtype.</summary>
    protected MlxArray DeltaWeight() => Mx.Transpose(Mx.MatMul(LoraA * Scale, LoraB));

    /// <inheritdoc cref="LowRankUpdate"/>
    [Obsolete($"Use {nameof(LowRankUpdate)}.")]
    protected MlxArray Correction(MlxArray x) => LowRankUpdate(x);

    /// <inheritdoc cref="DeltaWeight"/>
    [Obsolete($"Use {nameof(DeltaWeight)}.")]
    protected MlxArray FusedCorrection() => DeltaWeight();

    /// <summary>Creates a layer of the type of <see cref="Linear"/> with another weight and the same bias.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes a plain one. If false, the new weight is quantized again.</param>
    /// <param name="change">Computes the new weight from <see cref="PlainWeight"/>.</param>
    protected Linear WithWeight(bool dequantize, Func<MlxArray, MlxArray> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        using MlxScope scope = MlxScope.Begin();
        Linear changed = new(change(PlainWeight), Linear.Bias);
        if (Linear is QuantizedLinear quantized && !dequantize)
        {
            changed = QuantizedLinear.FromLinear(changed, quantized.GroupSize, quantized.Bits, quantized.Mode);
        }
        foreach (MlxArray array in changed.Parameters().Leaves)
        {
            scope.Keep(array);
        }
        return changed;
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
