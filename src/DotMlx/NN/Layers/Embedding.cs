namespace DotMlx.NN;

/// <summary>A table of vectors, looked up by integer indices (<c>nn.Embedding</c>).</summary>
public partial class Embedding : Module, IUnaryModule, IQuantizable
{
    /// <summary>Creates a table of random vectors, normally distributed with the standard deviation √(1 / dims).</summary>
    /// <param name="numEmbeddings">The number of vectors.</param>
    /// <param name="dims">The size of each vector.</param>
    public Embedding(int numEmbeddings, int dims) => Weight = LayerInit.Normal(Math.Sqrt(1.0 / dims), numEmbeddings, dims);

    /// <summary>Creates a table from an array.</summary>
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

    /// <summary>Looks up vectors.</summary>
    /// <param name="x">Integer indices of any shape, less than the number of vectors.</param>
    /// <returns>The vectors, of shape (..., dims).</returns>
    public virtual MlxArray Forward(MlxArray x) => Mx.Take(Weight, x, axis: 0);

    /// <summary>
    /// Multiplies by the transposed table, for output layers that share the table with the input layer (<c>as_linear</c>).
    /// </summary>
    /// <param name="x">The input, of shape (..., dims).</param>
    /// <returns>The output, of shape (..., count).</returns>
    public virtual MlxArray AsLinear(MlxArray x)
    {
        using MlxArray transposed = Mx.Transpose(Weight);
        return Mx.MatMul(x, transposed);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException"><paramref name="quantizeInput"/> is true.</exception>
    public virtual Module ToQuantized(int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false) =>
        quantizeInput
            ? throw new NotSupportedException("The inputs of an embedding are integers; quantizeInput applies only to Linear layers.")
            : QuantizedEmbedding.FromEmbedding(this, groupSize, bits, mode);

    /// <inheritdoc/>
    protected override string ExtraRepr() => $"{Weight.Shape[0]}, {Weight.Shape[1]}";
}
