using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// A table of vectors with a trained low-rank correction and trained magnitudes of the corrected vectors (<c>DoRAEmbedding</c> of mlx-lm).
/// The parameters are <c>embedding.*</c>, which are frozen, <c>lora_a</c>, <c>lora_b</c> and <c>m</c>.
/// </summary>
public sealed partial class DoraEmbedding : Embedding
{
    private readonly Dropout _dropout;

    /// <summary>Puts a correction on a table, which is frozen.</summary>
    /// <param name="embedding">The table.</param>
    /// <param name="rank">The rank of the correction, at least 1.</param>
    /// <param name="dropout">The probability of dropping elements of the correction in training, in [0, 1).</param>
    /// <param name="scale">Multiplies the correction.</param>
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

    /// <summary>The table that is corrected.</summary>
    public Embedding Embedding { get; }

    /// <summary>Into the low rank, of shape (count, rank).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>Out of the low rank, of shape (rank, dims); zeros at first.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The magnitudes of the vectors, of shape (count,); at first those of the table.</summary>
    public MlxArray M { get; set => SetArray(ref field, value); }

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

    /// <summary>Brings correction and magnitudes into the table.</summary>
    /// <param name="dequantize">Whether a quantized table becomes a plain one; if not, the result is quantized again.</param>
    /// <returns>A table without a correction.</returns>
    public Embedding Fuse(bool dequantize = false) => LayerWeights.Fuse(Embedding, dequantize, weight =>
    {
        MlxArray adapted = weight + Mx.AsType(Mx.MatMul(LoraA * Scale, LoraB), weight.DType);
        return Mx.AsType(Mx.ExpandDims(M / Mx.Linalg.Norm(adapted, axis: 1), -1) * adapted, weight.DType);
    });

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Quantize before the correction is put on, or fuse first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";
}
