using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// The expert layers of a mixture of experts, possibly quantized, with a trainable low-rank adapter for each expert
/// (<c>LoRASwitchLinear</c> of mlx-lm). The parameters are <c>linear.*</c>, which is frozen, <c>lora_a</c>, and <c>lora_b</c>.
/// </summary>
public sealed partial class LoraSwitchLinear : SwitchLinear
{
    private readonly Dropout _dropout;

    /// <summary>Adds low-rank adapters to expert layers and freezes the layers.</summary>
    /// <param name="linear">The expert layers, which may be quantized.</param>
    /// <param name="rank">The rank of the adapters, at least 1.</param>
    /// <param name="dropout">The dropout probability for the input of the adapters in training, in [0, 1).</param>
    /// <param name="scale">The scale factor of the adapters.</param>
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

    /// <summary>The base expert layers.</summary>
    public SwitchLinear Linear { get; }

    /// <summary>
    /// The matrices A that project into the low rank, of shape (experts, rank, input). They start as uniform random float32 values.
    /// </summary>
    public MlxArray LoraA { get; set => SetArray(ref field, value); }

    /// <summary>The matrices B that project out of the low rank, of shape (experts, output, rank). They start as float32 zeros.</summary>
    public MlxArray LoraB { get; set => SetArray(ref field, value); }

    /// <summary>The scale factor of the adapters.</summary>
    public double Scale { get; }

    /// <summary>The weights of the base expert layers, which may be quantized.</summary>
    [NotParameter]
    public override MlxArray Weight
    {
        get => Linear.Weight;
        set => Linear?.Weight = value;
    }

    /// <summary>The biases of the base expert layers.</summary>
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
        MlxArray update = Mx.GatherMM(low, Mx.SwapAxes(LoraB, -1, -2), rhsIndices: indices, sortedIndices: sorted);
        return scope.Keep(y + Mx.AsType(update * Scale, y.DType));
    }

    /// <summary>Merges the adapters into the weights.</summary>
    /// <param name="dequantize">Whether quantized expert layers become unquantized ones; if false, the sum is quantized again.</param>
    /// <returns>Expert layers without adapters.</returns>
    public SwitchLinear Fuse(bool dequantize = false) => LayerWeights.Change(
        Linear, dequantize, weight => weight + Mx.AsType(Mx.MatMul(LoraB * Scale, LoraA), weight.DType));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always thrown. Quantize before you add the adapters, or fuse them first.</exception>
    public override Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        throw LayerWeights.FuseFirst(this);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{base.ExtraRepr()}, r={LoraA.Shape[1]}";

    // The CPU backend of MLX supports this gathered product for float32 only.
    private MlxArray Wide(MlxArray x) => x.DType == LoraA.DType ? x : Mx.AsType(x, LoraA.DType);
}
