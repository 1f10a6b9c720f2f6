using System.Runtime.CompilerServices;

namespace DotMlx.NN;

/// <summary>Multi-head scaled dot-product attention (<c>nn.MultiHeadAttention</c>).</summary>
public sealed partial class MultiHeadAttention : Module
{
    /// <summary>Creates the layer. Dimensions that are null default to <paramref name="dims"/>.</summary>
    /// <param name="dims">The size of the model, divisible by the number of heads.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="queryInputDims">The number of features of the queries.</param>
    /// <param name="keyInputDims">The number of features of the keys.</param>
    /// <param name="valueInputDims">The number of features of the values; null for the number of the keys.</param>
    /// <param name="valueDims">The number of features of the values after projection.</param>
    /// <param name="valueOutputDims">The number of features of the output.</param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <exception cref="ArgumentException">The number of heads doesn't divide the model's size.</exception>
    public MultiHeadAttention(
        int dims, int numHeads, int? queryInputDims = null, int? keyInputDims = null, int? valueInputDims = null,
        int? valueDims = null, int? valueOutputDims = null, bool bias = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numHeads);
        if (dims % numHeads != 0)
        {
            throw new ArgumentException($"The size of the model ({dims}) must be divisible by the number of heads ({numHeads}).",
                nameof(dims));
        }
        NumHeads = numHeads;
        QueryProj = new(queryInputDims ?? dims, dims, bias);
        KeyProj = new(keyInputDims ?? dims, dims, bias);
        ValueProj = new(valueInputDims ?? keyInputDims ?? dims, valueDims ?? dims, bias);
        OutProj = new(valueDims ?? dims, valueOutputDims ?? dims, bias);
    }

    /// <summary>The number of heads.</summary>
    public int NumHeads { get; }

    /// <summary>The projection of the queries.</summary>
    public Linear QueryProj { get; }

    /// <summary>The projection of the keys.</summary>
    public Linear KeyProj { get; }

    /// <summary>The projection of the values.</summary>
    public Linear ValueProj { get; }

    /// <summary>The projection of the output.</summary>
    public Linear OutProj { get; }

    /// <summary>Applies attention.</summary>
    /// <param name="queries">The queries, of shape (batch, queries, features).</param>
    /// <param name="keys">The keys, of shape (batch, keys, features).</param>
    /// <param name="values">The values, of shape (batch, keys, features).</param>
    /// <param name="mask">
    /// A Boolean mask, or an array that is added to the scores, broadcast to (batch, heads, queries, keys); null for none.
    /// </param>
    /// <param name="cache">The cache with the keys and values of earlier positions; null for none.</param>
    /// <returns>An array of shape (batch, queries, features).</returns>
    [OverloadResolutionPriority(1)] // A null mask selects this overload.
    public MlxArray Forward(MlxArray queries, MlxArray keys, MlxArray values, MlxArray? mask = null, KVCache? cache = null) =>
        Forward(queries, keys, values, (q, k, v, scale) => Mx.Fast.ScaledDotProductAttention(q, k, v, scale, mask), cache);

    /// <summary>Applies attention with a named mask.</summary>
    /// <param name="queries">The queries, of shape (batch, queries, features).</param>
    /// <param name="keys">The keys, of shape (batch, keys, features).</param>
    /// <param name="values">The values, of shape (batch, keys, features).</param>
    /// <param name="mask">"causal": each query sees the keys up to its own position, aligned at the end.</param>
    /// <param name="cache">The cache with the keys and values of earlier positions; null for none.</param>
    /// <returns>An array of shape (batch, queries, features).</returns>
    /// <exception cref="ArgumentException">The mask isn't "causal".</exception>
    public MlxArray Forward(MlxArray queries, MlxArray keys, MlxArray values, string? mask, KVCache? cache = null) =>
        Forward(queries, keys, values, (q, k, v, scale) => Mx.Fast.ScaledDotProductAttention(q, k, v, scale, mask), cache);

    private MlxArray Forward(
        MlxArray queries, MlxArray keys, MlxArray values, Func<MlxArray, MlxArray, MlxArray, double, MlxArray> attend, KVCache? cache)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray q = SplitHeads(QueryProj.Forward(queries));
        MlxArray k = SplitHeads(KeyProj.Forward(keys));
        MlxArray v = SplitHeads(ValueProj.Forward(values));
        if (cache is not null)
        {
            (k, v) = cache.Update(k, v);
        }
        MlxArray attended = attend(q, k, v, Math.Sqrt(1.0 / q.Shape[^1]));
        return scope.Keep(OutProj.Forward(Mx.Flatten(Mx.Transpose(attended, 0, 2, 1, 3), -2, -1)));
    }

    /// <summary>Creates a mask that hides later positions when it is added to the scores (<c>create_additive_causal_mask</c>).</summary>
    /// <param name="n">The number of positions.</param>
    /// <param name="dtype">A floating-point dtype; null for float32.</param>
    /// <returns>An array of shape (n, n) that contains the lowest finite number above the diagonal and 0 elsewhere.</returns>
    public static MlxArray CreateAdditiveCausalMask(int n, DType? dtype = null)
    {
        DType type = dtype ?? DType.Float32;
        using MlxScope scope = MlxScope.Begin();
        MlxArray positions = Mx.Arange(n);
        MlxArray hidden = Mx.Less(Mx.ExpandDims(positions, 1), Mx.ExpandDims(positions, 0));
        return scope.Keep(Mx.AsType(hidden, type) * Mx.FInfo(type).Min);
    }

    private MlxArray SplitHeads(MlxArray x) => Mx.Transpose(Mx.Unflatten(x, -1, [NumHeads, -1]), 0, 2, 1, 3);
}
