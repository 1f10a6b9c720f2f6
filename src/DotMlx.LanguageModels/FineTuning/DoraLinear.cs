using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// A linear layer, possibly quantized, with a trainable low-rank adapter and trainable magnitudes of the rows of the adapted weight
/// (<c>DoRALinear</c> of mlx-lm). The parameters are <c>linear.*</c>, which is frozen, <c>lora_a</c>, <c>lora_b</c>, and <c>m</c>.
/// </summary>
public sealed partial class DoraLinear : LoraLinear
{
    /// <summary>Adds a low-rank adapter to a linear layer and freezes the layer.</summary>
    /// <param name="linear">The layer, which may be quantized.</param>
    /// <param name="rank">The rank of the adapter, at least 1.</param>
    /// <param name="dropout">The dropout probability for the input of the adapter in training, in [0, 1).</param>
    /// <param name="scale">The scale factor of the adapter.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank or the probability is out of range.</exception>
    public DoraLinear(Linear linear, int rank = 8, double dropout = 0, double scale = 20)
        : base(linear, rank, dropout, scale)
    {
        Linear.Freeze();
        using MlxScope scope = MlxScope.Begin();
        M = scope.Keep(Mx.Linalg.Norm(Mx.AsType(PlainWeight, DType.Float32), axis: 1));
    }

    /// <summary>The magnitudes of the rows, float32 of shape (output,). They start as the norms of the rows of the base weight.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray weight = PlainWeight;
        MlxArray y = Mx.MatMul(x, Mx.Transpose(weight)) + Mx.AsType(LowRankUpdate(x), x.DType);

        // As in the DoRA paper, the norm is a constant for the gradient, which saves memory.
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(weight + DeltaWeight(), axis: 1));
        y = Mx.AsType(M / norm, x.DType) * y;
        return scope.Keep(Bias is null ? y : y + Bias);
    }

    /// <inheritdoc/>
    public override Linear Fuse(bool dequantize = false) => WithWeight(
        dequantize, weight => LayerWeights.WithMagnitudes(weight, DeltaWeight(), M));
}
