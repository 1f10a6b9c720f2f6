using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// A linear layer, plain or quantized, with a trained low-rank correction and trained magnitudes of the rows of the corrected weight
/// (<c>DoRALinear</c> of mlx-lm). The parameters are <c>linear.*</c>, which are frozen, <c>lora_a</c>, <c>lora_b</c> and <c>m</c>.
/// </summary>
public sealed partial class DoraLinear : Linear
{
    private readonly Dropout _dropout;

    /// <summary>Puts a correction on a layer, which is frozen.</summary>
    /// <param name="linear">The layer.</param>
    /// <param name="rank">The rank of the correction, at least 1.</param>
    /// <param name="dropout">The probability of dropping inputs of the correction in training, in [0, 1).</param>
    /// <param name="scale">Multiplies the correction.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank or the probability is out of range.</exception>
    public DoraLinear(Linear linear, int rank = 8, double dropout = 0, double scale = 20)
        : base(LayerWeights.Of(linear), linear.Bias)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        linear.Freeze();
        Linear = linear;
        _dropout = new(dropout);
        Scale = scale;
        LoraA = LayerWeights.Uniform(1 / Math.Sqrt(linear.InputDims), linear.InputDims, rank);
        LoraB = Mx.Zeros(rank, linear.OutputDims);
        using MlxScope scope = MlxScope.Begin();
        M = scope.Keep(Mx.Linalg.Norm(Mx.AsType(LayerWeights.Plain(linear), DType.Float32), axis: 1));
    }

    /// <summary>The layer that is corrected.</summary>
    public Linear Linear { get; }

    /// <summary>Into the low rank, of shape (input, rank).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>Out of the low rank, of shape (rank, output); zeros at first.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The magnitudes of the rows, of shape (output,); at first those of the weight.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

    /// <summary>Multiplies the correction.</summary>
    public double Scale { get; }

    /// <summary>The weight without the correction, possibly quantized.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The bias of the layer.</summary>
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

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray weight = LayerWeights.Plain(Linear);
        MlxArray correction = Mx.MatMul(Mx.MatMul(_dropout.Forward(x), LoraA), LoraB);
        MlxArray y = Mx.MatMul(x, Mx.Transpose(weight)) + Mx.AsType(correction * Scale, x.DType);

        // The gradient does not go through the norm.
        MlxArray adapted = weight + Mx.MatMul(Mx.Transpose(LoraB) * Scale, Mx.Transpose(LoraA));
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(adapted, axis: 1));
        y = Mx.AsType(M / norm, x.DType) * y;
        return scope.Keep(Bias is null ? y : y + Bias);
    }

    /// <summary>Brings correction and magnitudes into the weight.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes a plain one; if not, the result is quantized again.</param>
    /// <returns>A layer without a correction.</returns>
    public Linear Fuse(bool dequantize = false) => LayerWeights.Fuse(Linear, dequantize, weight =>
    {
        MlxArray adapted = weight + Mx.AsType(Mx.MatMul(Mx.Transpose(LoraB) * Scale, Mx.Transpose(LoraA)), weight.DType);
        return Mx.AsType(Mx.ExpandDims(M / Mx.Linalg.Norm(adapted, axis: 1), -1) * adapted, weight.DType);
    });

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Quantize before the correction is put on, or fuse first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
