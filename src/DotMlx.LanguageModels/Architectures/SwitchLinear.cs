using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>Affine maps of several experts, one of which is chosen for each input (<c>SwitchLinear</c> of mlx-lm).</summary>
public partial class SwitchLinear : Module, IQuantizable
{
    /// <summary>Creates a layer from arrays.</summary>
    /// <param name="weight">The weights, of shape (experts, output, input).</param>
    /// <param name="bias">The biases, of shape (experts, output), or null.</param>
    public SwitchLinear(MlxArray weight, MlxArray? bias = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        Weight = weight;
        Bias = bias;
    }

    /// <summary>The weights, of shape (experts, output, input).</summary>
    public virtual MlxArray Weight { get; set; }

    /// <summary>The biases, of shape (experts, output), or null.</summary>
    public virtual MlxArray? Bias { get; set; }

    /// <summary>The number of experts.</summary>
    public int Experts => Weight.Shape[0];

    /// <summary>The size of the last axis of the input.</summary>
    public virtual int InputDims => Weight.Shape[2];

    /// <summary>The size of the last axis of the output.</summary>
    public virtual int OutputDims => Weight.Shape[1];

    /// <inheritdoc/>
    public virtual bool CanQuantize => true;

    /// <summary>Applies its expert's map to each input.</summary>
    /// <param name="x">The input, of shape (..., 1, input), which broadcasts against the indices.</param>
    /// <param name="indices">The expert of each input, of shape (...).</param>
    /// <param name="sorted">Whether the indices are sorted, which allows faster kernels.</param>
    /// <returns>The output, of shape (..., 1, output).</returns>
    public virtual MlxArray Forward(MlxArray x, MlxArray indices, bool sorted = false)
    {
        ArgumentNullException.ThrowIfNull(x);
        using MlxArray transposed = Mx.SwapAxes(Weight, -1, -2);
        if (Weight.DType == DType.Float32 || Mx.DefaultDevice().Type != DeviceType.Cpu)
        {
            return AddBias(Mx.GatherMM(x, transposed, rhsIndices: indices, sortedIndices: sorted), indices);
        }

        // MLX's CPU backend supports this product only for float32.
        using MlxArray wideWeight = Mx.AsType(transposed, DType.Float32);
        using MlxArray wideInput = Mx.AsType(x, DType.Float32);
        using MlxArray wide = Mx.GatherMM(wideInput, wideWeight, rhsIndices: indices, sortedIndices: sorted);
        return AddBias(Mx.AsType(wide, x.DType), indices);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException"><paramref name="quantizeInput"/> is true.</exception>
    public virtual Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false)
    {
        if (quantizeInput)
        {
            throw new NotSupportedException("The inputs of a SwitchLinear cannot be quantized.");
        }
        (MlxArray weight, MlxArray scales, MlxArray? biases) = Mx.Quantize(Weight, groupSize, bits, mode);
        int width = bits ?? (mode == "mxfp8" ? 8 : 4);
        return new QuantizedSwitchLinear(weight, scales, biases, Bias, new(InputDims / scales.Shape[2], width, mode));
    }

    /// <summary>Adds its expert's bias to each output, and frees the given output.</summary>
    private protected MlxArray AddBias(MlxArray y, MlxArray indices)
    {
        if (Bias is null)
        {
            return y;
        }
        using (y)
        {
            using MlxArray chosen = Mx.Take(Bias, indices, axis: 0);
            using MlxArray row = Mx.ExpandDims(chosen, -2);
            return Mx.Add(y, row);
        }
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"input_dims={InputDims}, output_dims={OutputDims}, num_experts={Experts}";
}
