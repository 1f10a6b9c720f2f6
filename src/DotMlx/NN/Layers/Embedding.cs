namespace DotMlx.NN;

/// <summary>A table of vectors, looked up by integers (<c>nn.Embedding</c>).</summary>
public partial class Embedding : Module, IUnaryModule, IQuantizable
{
    /// <summary>Makes a table of random vectors, normal with the deviation √(1 / dims).</summary>
    /// <param name="numEmbeddings">How many vectors.</param>
    /// <param name="dims">The size of each.</param>
    public Embedding(int numEmbeddings, int dims) => Weight = LayerInit.Normal(Math.Sqrt(1.0 / dims), numEmbeddings, dims);

    /// <summary>Makes a table of a given array.</summary>
    /// <param name="weight">The vectors, of shape (count, dims).</param>
    public Embedding(MlxArray weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        Weight = weight;
    }

    /// <summary>The vectors, of shape (count, dims).</summary>
    public virtual MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <inheritdoc/>
    public virtual bool CanQuantize => true;

    /// <summary>Looks vectors up.</summary>
    /// <param name="x">Integers of any shape, below the number of vectors.</param>
    /// <returns>The vectors, of shape (..., dims).</returns>
    public virtual MlxArray Forward(MlxArray x) => Mx.Take(Weight, x, axis: 0);

    /// <summary>Multiplies by the transposed table, for output layers that share it with the input.</summary>
    /// <param name="x">Input of shape (..., dims).</param>
    /// <returns>Output of shape (..., count).</returns>
    public virtual MlxArray AsLinear(MlxArray x)
    {
        using MlxArray transposed = Mx.Transpose(Weight);
        return Mx.MatMul(x, transposed);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The input is to be quantized.</exception>
    public virtual Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        quantizeInput
            ? throw new NotSupportedException("An embedding has integers as input; quantizeInput is for Linear layers.")
            : QuantizedEmbedding.FromEmbedding(this, groupSize, bits, mode);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{Weight.Shape[0]}, {Weight.Shape[1]}";
}
