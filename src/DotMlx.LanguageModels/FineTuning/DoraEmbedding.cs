using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// An embedding with a trainable low-rank adapter and trainable magnitudes of the adapted vectors (<c>DoRAEmbedding</c> of mlx-lm). The
/// parameters are <c>embedding.*</c>, which is frozen, <c>lora_a</c>, <c>lora_b</c>, and <c>m</c>.
/// </summary>
public sealed partial class DoraEmbedding : Embedding
{
    private readonly Dropout _dropout;

    /// <summary>Adds a low-rank adapter to an embedding and freezes the embedding.</summary>
    /// <param name="embedding">The embedding, which may be quantized.</param>
    /// <param name="rank">The rank of the adapter, at least 1.</param>
    /// <param name="dropout">
    /// The dropout probability for the output of the adapter in training, in [0, 1). <see cref="AsLinear"/> applies it to the input.
    /// </param>
    /// <param name="scale">The scale factor of the adapter.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank or the probability is out of range.</exception>
    public DoraEmbedding(Embedding embedding, int rank = 8, double dropout = 0, double scale = 20)
        : base(LayerWeights.Of(embedding))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        embedding.Freeze();
        Embedding = embedding;
        _dropout = new(dropout);
        Scale = scale;
        (int count, int dims) = LayerWeights.Size(embedding);
        LoraA = LayerWeights.Uniform(1 / Math.Sqrt(count), count, rank);
        LoraB = Mx.Zeros(rank, dims);
        using MlxScope scope = MlxScope.Begin();
        M = scope.Keep(Mx.Linalg.Norm(LayerWeights.Plain(embedding), axis: 1));
    }

    /// <summary>The base embedding.</summary>
    public Embedding Embedding { get; }

    /// <summary>The matrix A that projects into the low rank, of shape (count, rank). It starts as uniform random float32 values.</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>The matrix B that projects out of the low rank, of shape (rank, dims). It starts as float32 zeros.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The magnitudes of the vectors, of shape (count,). They start as the norms of the base vectors.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

    /// <summary>The scale factor of the adapter.</summary>
    public double Scale { get; }

    /// <summary>The weight of the base embedding, which may be quantized.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Embedding.Weight;
        set => Embedding?.Weight = value;
    }

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Embedding.Forward(x);
        MlxArray correction = Mx.MatMul(Mx.Take(LoraA, x, axis: 0) * Scale, LoraB);
        MlxArray result = y + Mx.AsType(_dropout.Forward(correction), y.DType);
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(y + correction, axis: -1));
        MlxArray factor = Mx.ExpandDims(Mx.Take(M, x, axis: 0) / norm, -1);
        return scope.Keep(Mx.AsType(factor * result, y.DType));
    }

    /// <inheritdoc/>
    public override MlxArray AsLinear(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray correction = Mx.MatMul(Mx.MatMul(_dropout.Forward(x), Mx.Transpose(LoraB)), Mx.Transpose(LoraA));
        MlxArray y = Embedding.AsLinear(x) + Mx.AsType(correction * Scale, x.DType);
        MlxArray adapted = LayerWeights.Plain(Embedding) + Mx.MatMul(LoraA * Scale, LoraB);
        MlxArray norm = Mx.StopGradient(Mx.Linalg.Norm(adapted, axis: 1));
        return scope.Keep(Mx.AsType(M / norm, x.DType) * y);
    }

    /// <summary>Merges the adapter and the magnitudes into the embedding.</summary>
    /// <param name="dequantize">Whether a quantized embedding becomes an unquantized one; if false, the result is quantized again.</param>
    /// <returns>An embedding without an adapter.</returns>
    public Embedding Fuse(bool dequantize = false) => LayerWeights.Fuse(Embedding, dequantize, weight =>
    {
        MlxArray adapted = weight + Mx.AsType(Mx.MatMul(LoraA * Scale, LoraB), weight.DType);
        return Mx.AsType(Mx.ExpandDims(M / Mx.Linalg.Norm(adapted, axis: 1), -1) * adapted, weight.DType);
    });

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always thrown. Quantize before you add the adapter, or fuse it first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
