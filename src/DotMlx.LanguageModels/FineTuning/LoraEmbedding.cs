using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// An embedding, possibly quantized, with a trainable low-rank adapter: y = embedding[x] + scale · dropout(A[x] B) (<c>LoRAEmbedding</c> of
/// mlx-lm). The parameters are <c>embedding.*</c>, which is frozen, <c>lora_a</c>, and <c>lora_b</c>.
/// </summary>
public partial class LoraEmbedding : Embedding
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
    public LoraEmbedding(Embedding embedding, int rank = 8, double dropout = 0, double scale = 20)
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
    }

    /// <summary>The base embedding.</summary>
    public Embedding Embedding { get; }

    /// <summary>The matrix A that projects into the low rank, of shape (count, rank). It starts as uniform random float32 values.</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>The matrix B that projects out of the low rank, of shape (rank, dims). It starts as float32 zeros.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

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
        MlxArray update = _dropout.Forward(Mx.MatMul(Mx.Take(LoraA, x, axis: 0), LoraB));
        return scope.Keep(y + Mx.AsType(update * Scale, y.DType));
    }

    /// <inheritdoc/>
    public override MlxArray AsLinear(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Embedding.AsLinear(x);
        MlxArray update = Mx.MatMul(Mx.MatMul(_dropout.Forward(x), Mx.Transpose(LoraB)), Mx.Transpose(LoraA));
        return scope.Keep(y + Mx.AsType(update * Scale, x.DType));
    }

    /// <summary>Merges the adapter into the embedding.</summary>
    /// <param name="dequantize">Whether a quantized embedding becomes an unquantized one; if false, the sum is quantized again.</param>
    /// <returns>An embedding without an adapter.</returns>
    public virtual Embedding Fuse(bool dequantize = false) =>
        LayerWeights.Change(Embedding, dequantize, weight => weight + Mx.AsType(DeltaWeight(), weight.DType));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always thrown. Quantize before you add the adapter, or fuse it first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <summary>The adapter's contribution to the embedding, of shape (count, dims), in the adapter's dtype.</summary>
    private protected MlxArray DeltaWeight() => Mx.MatMul(LoraA * Scale, LoraB);

    /// <summary>Applies the dropout of the adapter in training.</summary>
    private protected MlxArray Drop(MlxArray x) => _dropout.Forward(x);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
