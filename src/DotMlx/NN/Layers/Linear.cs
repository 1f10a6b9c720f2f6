namespace DotMlx.NN;

/// <summary>An affine map of the last axis, x Wᵀ + b (<c>nn.Linear</c>).</summary>
public partial class Linear : Module, IUnaryModule, IQuantizable
{
    /// <summary>Creates a layer with random weights, uniform in ±√(1 / inputDims).</summary>
    /// <param name="inputDims">The size of the last axis of the input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public Linear(int inputDims, int outputDims, bool bias = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputDims);
        double limit = Math.Sqrt(1.0 / inputDims);
        Weight = LayerInit.Uniform(limit, outputDims, inputDims);
        Bias = bias ? LayerInit.Uniform(limit, outputDims) : null;
    }

    /// <summary>Creates a layer from arrays.</summary>
    /// <param name="weight">The weight, of shape (output, input).</param>
    /// <param name="bias">The bias, of shape (output,), or null.</param>
    public Linear(MlxArray weight, MlxArray? bias = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        Weight = weight;
        Bias = bias;
    }

    /// <summary>Creates a layer whose weights a derived class stores.</summary>
    private protected Linear() => Weight = null!;

    /// <summary>The weight, of shape (output, input).</summary>
    public virtual MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <summary>The bias, of shape (output,), or null.</summary>
    public virtual MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The size of the last axis of the input.</summary>
    public virtual int InputDims => Weight.Shape[1];

    /// <summary>The size of the last axis of the output.</summary>
    public virtual int OutputDims => Weight.Shape[0];

    /// <inheritdoc/>
    public virtual bool CanQuantize => true;

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (..., input).</param>
    /// <returns>The output, of shape (..., output).</returns>
    public virtual MlxArray Forward(MlxArray x)
    {
        using MlxArray transposed = Mx.Transpose(Weight);
        return Bias is null ? Mx.MatMul(x, transposed) : Mx.AddMM(Bias, x, transposed);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">
    /// <paramref name="quantizeInput"/> is true, but the mode isn't nvfp4 or mxfp8, or the layer has a bias.
    /// </exception>
    public virtual Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false)
    {
        if (!quantizeInput)
        {
            return QuantizedLinear.FromLinear(this, groupSize, bits, mode);
        }
        if (mode is not ("nvfp4" or "mxfp8"))
        {
            throw new NotSupportedException($"Inputs can be quantized in the modes nvfp4 and mxfp8, not in {mode}.");
        }
        return QQLinear.FromLinear(this, groupSize, bits, mode);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        $"input_dims={InputDims}, output_dims={OutputDims}, bias={LayerInit.Text(Bias is not null)}";
}
