using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// A linear layer, possibly quantized, with a trainable low-rank adapter and trainable magnitudes of the rows of the adapted weight
/// (<c>DoRALinear</c> of mlx-lm). The parameters are <c>linear.*</c>, which is frozen, <c>lora_a</c>, <c>lora_b</c>, and <c>m</c>.
/// </summary>
public sealed partial class DoraLinear : Linear
{
    private readonly Dropout _dropout;

    /// <summary>Adds a low-rank adapter to a linear layer and freezes the layer.</summary>
    /// <param name="linear">The layer, which may be quantized.</param>
    /// <param name="rank">The rank of the adapter, at least 1.</param>
    /// <param name="dropout">The dropout probability for the input of the adapter in training, in [0, 1).</param>
    /// <param name="scale">The scale factor of the adapter.</param>
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

    /// <summary>The base layer.</summary>
    public Linear Linear { get; }

    /// <summary>The matrix A that projects into the low rank, of shape (input, rank). It starts as uniform random float32 values.</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>The matrix B that projects out of the low rank, of shape (rank, output). It starts as float32 zeros.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The magnitudes of the rows, float32 of shape (output,). They start as the norms of the rows of the base weight.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

    /// <summary>The scale factor of the adapter.</summary>
    public double Scale { get; }

    /// <summary>The weight of the base layer, which may be quantized.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The bias of the base layer.</summary>
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

        // As in the DoRA paper, the norm is a constant for the gradient, which saves memory.
        MlxArray adapted = weight + Mx.MatMul(Mx.Transpose(LoraB) * Scale, Mx.Transpose(LoraA));
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(adapted, axis: 1));
        y = Mx.AsType(M / norm, x.DType) * y;
        return scope.Keep(Bias is null ? y : y + Bias);
    }

    /// <summary>Merges the adapter and the magnitudes into the weight.</summary>
    /// <param name="dequantize">Whether a quantized layer becomes an unquantized one; if false, the result is quantized again.</param>
    /// <returns>A layer without an adapter.</returns>
    public Linear Fuse(bool dequantize = false) => LayerWeights.Fuse(Linear, dequantize, weight =>
    {
        MlxArray adapted = weight + Mx.AsType(Mx.MatMul(Mx.Transpose(LoraB) * Scale, Mx.Transpose(LoraA)), weight.DType);
        return Mx.AsType(Mx.ExpandDims(M / Mx.Linalg.Norm(adapted, axis: 1), -1) * adapted, weight.DType);
    });

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always thrown. Quantize before you add the adapter, or fuse it first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
