namespace DotMlx.NN;

/// <summary>An embedding with a quantized table; all its parameters are frozen (<c>nn.QuantizedEmbedding</c>).</summary>
public sealed partial class QuantizedEmbedding : Embedding
{
    /// <summary>Creates a table of random vectors.</summary>
    /// <param name="numEmbeddings">The number of vectors.</param>
    /// <param name="dims">The size of each vector.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public QuantizedEmbedding(int numEmbeddings, int dims, int? groupSize = null, int? bits = null, string mode = "affine")
        : this(LayerInit.Normal(Math.Sqrt(1.0 / dims), numEmbeddings, dims), groupSize, bits, mode)
    {
    }

    /// <summary>Creates a table from arrays, such as those that <see cref="Mx.Quantize"/> returns.</summary>
    /// <param name="weight">The packed vectors (uint32), of shape (count, dims · bits / 32).</param>
    /// <param name="scales">The scales, of shape (count, dims / group size).</param>
    /// <param name="biases">The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <exception cref="ArgumentException">The mode is unknown.</exception>
    public QuantizedEmbedding(
        MlxArray weight, MlxArray scales, MlxArray? biases, int? groupSize = null, int? bits = null, string mode = "affine")
        : base(weight)
    {
        ArgumentNullException.ThrowIfNull(scales);
        (GroupSize, Bits) = QuantizationMode.Defaults(mode, groupSize, bits);
        (Mode, Scales, Biases) = (mode, scales, biases);
        Freeze();
    }

    private QuantizedEmbedding(MlxArray weight, int? groupSize, int? bits, string mode)
        : base(weight)
    {
        (GroupSize, Bits) = QuantizationMode.Defaults(mode, groupSize, bits);
        Mode = mode;
        (MlxArray packed, Scales, Biases) = Mx.Quantize(weight, GroupSize, Bits, Mode);
        ModuleSlot.Unchecked(() => Weight = packed);
        Freeze();
    }

    /// <summary>The scales, of shape (count, dims / group size).</summary>
    public MlxArray Scales { get; set => SetArray(ref field, value); }

    /// <summary>The biases of the groups in affine mode, with the shape of the scales; otherwise, null.</summary>
    public MlxArray? Biases { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The number of weights that share a scale.</summary>
    public int GroupSize { get; }

    /// <summary>The number of bits per weight.</summary>
    public int Bits { get; }

    /// <summary>The quantization mode.</summary>
    public string Mode { get; }

    /// <inheritdoc/>
    public override bool CanQuantize => false;

    /// <summary>Quantizes an embedding.</summary>
    /// <param name="embedding">The layer.</param>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    public static QuantizedEmbedding FromEmbedding(Embedding embedding, int? groupSize = null, int? bits = null, string mode = "affine")
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return new(embedding.Weight, groupSize, bits, mode);
    }

    /// <inheritdoc/>
    public override MlxArray Forward(MlxArray x)
    {
        using MlxArray weight = Mx.Take(Weight, x, axis: 0);
        using MlxArray scales = Mx.Take(Scales, x, axis: 0);
        using MlxArray? biases = Biases is null ? null : Mx.Take(Biases, x, axis: 0);
        return Mx.Dequantize(weight, scales, biases, GroupSize, Bits, Mode);
    }

    /// <inheritdoc/>
    public override MlxArray AsLinear(MlxArray x) =>
        Mx.QuantizedMatMul(x, Weight, Scales, Biases, transpose: true, groupSize: GroupSize, bits: Bits, mode: Mode);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The layer is already quantized.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw new NotSupportedException("QuantizedEmbedding is already quantized.");

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        $"{Weight.Shape[0]}, {Weight.Shape[1] * 32 / Bits}, group_size={GroupSize}, bits={Bits}, mode={Mode}";
}
