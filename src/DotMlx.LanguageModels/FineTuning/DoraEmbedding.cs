using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// An embedding with a trainable low-rank adapter and trainable magnitudes of the adapted vectors (<c>DoRAEmbedding</c> of mlx-lm). The
/// parameters are <c>embedding.*</c>, which is frozen, <c>lora_a</c>, <c>lora_b</c>, and <c>m</c>.
/// </summary>
public sealed partial class DoraEmbedding : LoraEmbedding
{
    /// <summary>Adds a low-rank adapter to an embedding and freezes the embedding.</summary>
    /// <param name="embedding">The embedding, which may be quantized.</param>
    /// <param name="rank">The rank of the adapter, at least 1.</param>
    /// <param name="dropout">
    /// The dropout probability for the output of the adapter in training, in [0, 1). <see cref="AsLinear"/> applies it to the input.
    /// </param>
    /// <param name="scale">The scale factor of the adapter.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank or the probability is out of range.</exception>
    public DoraEmbedding(Embedding embedding, int rank = 8, double dropout = 0, double scale = 20)
        : base(embedding, rank, dropout, scale)
    {
        using MlxScope scope = MlxScope.Begin();
        M = scope.Keep(Mx.Linalg.Norm(LayerWeights.Plain(embedding), axis: 1));
    }

    /// <summary>The magnitudes of the vectors, of shape (count,). They start as the norms of the base vectors.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Embedding.Forward(x);
        MlxArray update = Mx.MatMul(Mx.Take(LoraA, x, axis: 0) * Scale, LoraB);
        MlxArray result = y + Mx.AsType(Drop(update), y.DType);
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(y + update, axis: -1));
        MlxArray factor = Mx.ExpandDims(Mx.Take(M, x, axis: 0) / norm, -1);
        return scope.Keep(Mx.AsType(factor * result, y.DType));
    }

    /// <inheritdoc/>
    public override MlxArray AsLinear(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(LayerWeights.Plain(Embedding) + DeltaWeight(), axis: 1));
        return scope.Keep(Mx.AsType(M / norm, x.DType) * base.AsLinear(x));
    }

    /// <inheritdoc/>
    public override Embedding Fuse(bool dequantize = false) => LayerWeights.Change(
        Embedding, dequantize, weight => LayerWeights.WithMagnitudes(weight, DeltaWeight(), M));
}
