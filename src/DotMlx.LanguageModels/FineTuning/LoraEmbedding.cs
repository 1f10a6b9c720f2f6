using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// A table of vectors, plain or quantized, with a trained low-rank correction: y = table[x] + scale · dropout(A[x] B)
/// (<c>LoRAEmbedding</c> of mlx-lm). The parameters are <c>embedding.*</c>, which are frozen, <c>lora_a</c> and <c>lora_b</c>.
/// </summary>
public sealed partial class LoraEmbedding : Embedding
{
    private readonly Dropout _dropout;

    /// <summary>Puts a correction on a table, which is frozen.</summary>
    /// <param name="embedding">The table.</param>
    /// <param name="rank">The rank of the correction, at least 1.</param>
    /// <param name="dropout">The probability of dropping elements of the correction in training, in [0, 1).</param>
    /// <param name="scale">Multiplies the correction.</param>
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

    /// <summary>The table that is corrected.</summary>
    public Embedding Embedding { get; }

    /// <summary>Into the low rank, of shape (count, rank).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>Out of the low rank, of shape (rank, dims); zeros at first.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>Multiplies the correction.</summary>
    public double Scale { get; }

    /// <summary>The vectors without the correction, possibly quantized.</summary>
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
        MlxArray correction = _dropout.Forward(Mx.MatMul(Mx.Take(LoraA, x, axis: 0), LoraB));
        return scope.Keep(y + Mx.AsType(correction * Scale, y.DType));
    }

    /// <inheritdoc/>
    public override MlxArray AsLinear(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Embedding.AsLinear(x);
        MlxArray correction = Mx.MatMul(Mx.MatMul(_dropout.Forward(x), Mx.Transpose(LoraB)), Mx.Transpose(LoraA));
        return scope.Keep(y + Mx.AsType(correction * Scale, x.DType));
    }

    /// <summary>Adds the correction into the table.</summary>
    /// <param name="dequantize">Whether a quantized table becomes a plain one; if not, the sum is quantized again.</param>
    /// <returns>A table without a correction.</returns>
    public Embedding Fuse(bool dequantize = false) => LayerWeights.Fuse(
        Embedding, dequantize, weight => weight + Mx.AsType(Mx.MatMul(LoraA * Scale, LoraB), weight.DType));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Quantize before the correction is put on, or fuse first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
