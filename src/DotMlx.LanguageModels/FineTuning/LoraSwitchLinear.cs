using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Affine maps of several experts, plain or quantized, with a trained low-rank correction for each (<c>LoRASwitchLinear</c> of mlx-lm).
/// The parameters are <c>linear.*</c>, which are frozen, <c>lora_a</c> and <c>lora_b</c>.
/// </summary>
public sealed partial class LoraSwitchLinear : SwitchLinear
{
    private readonly Dropout _dropout;

    /// <summary>Puts corrections on the maps, which are frozen.</summary>
    /// <param name="linear">The maps.</param>
    /// <param name="rank">The rank of the corrections, at least 1.</param>
    /// <param name="dropout">The probability of dropping inputs of the corrections in training, in [0, 1).</param>
    /// <param name="scale">Multiplies the corrections.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank or the probability is out of range.</exception>
    public LoraSwitchLinear(SwitchLinear linear, int rank = 8, double dropout = 0, double scale = 20)
        : base(LayerWeights.Of(linear), linear.Bias)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        linear.Freeze();
        Linear = linear;
        _dropout = new(dropout);
        Scale = scale;
        LoraA = LayerWeights.Uniform(1 / Math.Sqrt(linear.InputDims), linear.Experts, rank, linear.InputDims);
        LoraB = Mx.Zeros(linear.Experts, linear.OutputDims, rank);
    }

    /// <summary>The maps that are corrected.</summary>
    public SwitchLinear Linear { get; }

    /// <summary>Into the low rank, of shape (experts, rank, input).</summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>Out of the low rank, of shape (experts, output, rank); zeros at first.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>Multiplies the corrections.</summary>
    public double Scale { get; }

    /// <summary>The weights without the corrections, possibly quantized.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The biases of the maps.</summary>
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
    public override MlxArray Forward(MlxArray x, MlxArray indices, bool sorted = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxScope scope = MlxScope.Begin();
        MlxArray y = Linear.Forward(x, indices, sorted);
        MlxArray low = Mx.GatherMM(Wide(_dropout.Forward(x)), Mx.SwapAxes(LoraA, -1, -2), rhsIndices: indices, sortedIndices: sorted);
        MlxArray correction = Mx.GatherMM(low, Mx.SwapAxes(LoraB, -1, -2), rhsIndices: indices, sortedIndices: sorted);
        return scope.Keep(y + Mx.AsType(correction * Scale, y.DType));
    }

    /// <summary>Adds the corrections into the weights.</summary>
    /// <param name="dequantize">Whether quantized maps become plain ones; if not, the sum is quantized again.</param>
    /// <returns>Maps without corrections.</returns>
    public SwitchLinear Fuse(bool dequantize = false) => LayerWeights.Fuse(
        Linear, dequantize, weight => weight + Mx.AsType(Mx.MatMul(LoraB * Scale, LoraA), weight.DType));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Quantize before the correction is put on, or fuse first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";

    // MLX's CPU knows this product for float32 only.
    private MlxArray Wide(MlxArray x) => x.DType == LoraA.DType ? x : Mx.AsType(x, LoraA.DType);
}
