namespace DotMlx.NN;

/// <summary>A bilinear map of two inputs, x₁ᵀ W x₂ + b (<c>nn.Bilinear</c>).</summary>
public sealed partial class Bilinear : Module
{
    /// <summary>Creates a layer with random weights, uniform in ±√(1 / input1Dims).</summary>
    /// <param name="input1Dims">The size of the last axis of the first input.</param>
    /// <param name="input2Dims">The size of the last axis of the second input.</param>
    /// <param name="outputDims">The size of the last axis of the output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public Bilinear(int input1Dims, int input2Dims, int outputDims, bool bias = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(input1Dims);
        double limit = Math.Sqrt(1.0 / input1Dims);
        Weight = LayerInit.Uniform(limit, outputDims, input2Dims, input1Dims);
        Bias = bias ? LayerInit.Uniform(limit, outputDims) : null;
    }

    /// <summary>The weight, of shape (output, input2, input1).</summary>
    public MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <summary>The bias, of shape (output,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Applies the layer.</summary>
    /// <param name="x1">The first input, of shape (..., input1).</param>
    /// <param name="x2">The second input, of shape (..., input2).</param>
    /// <returns>The output, of shape (..., output).</returns>
    public MlxArray Forward(MlxArray x1, MlxArray x2)
    {
        using MlxScope scope = MlxScope.Begin();
        int outputs = Weight.Shape[0], second = Weight.Shape[1], first = Weight.Shape[2];
        int[] leading = x1.Shape[..^1].ToArray();

        // (n, in1) by (in1, out * in2) gives the factors of each second input.
        MlxArray flatWeight = Mx.Transpose(Mx.Reshape(Weight, outputs * second, first));
        MlxArray partial = Mx.Reshape(Mx.MatMul(Mx.Reshape(x1, -1, first), flatWeight), -1, outputs, second);
        MlxArray product = Mx.MatMul(Mx.Reshape(x2, -1, 1, second), Mx.SwapAxes(partial, -2, -1));
        MlxArray y = Mx.Reshape(product, [.. leading, outputs]);
        return scope.Keep(Bias is null ? y : Mx.Add(y, Bias));
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        $"input1_dims={Weight.Shape[2]}, input2_dims={Weight.Shape[1]}, output_dims={Weight.Shape[0]}, "
        + $"bias={LayerInit.Text(Bias is not null)}";
}
