namespace DotMlx.NN;

/// <summary>Attention with linear biases: adds a penalty to each score that grows with the distance (<c>nn.ALiBi</c>).</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822", Justification = "A layer is used through an instance.")]
public sealed class ALiBi : Module, IUnaryModule
{
    /// <summary>Adds the penalties.</summary>
    /// <param name="attentionScores">Scores of shape (batch, heads, queries, keys).</param>
    /// <param name="offset">The position of the first query.</param>
    /// <param name="mask">A mask to add as well, broadcast to the scores; null for none.</param>
    /// <returns>An array with the shape of the scores.</returns>
    public MlxArray Forward(MlxArray attentionScores, int offset = 0, MlxArray? mask = null)
    {
        ArgumentNullException.ThrowIfNull(attentionScores);
        using MlxScope scope = MlxScope.Begin();
        ReadOnlySpan<int> shape = attentionScores.Shape;
        MlxArray penalties = CreateAlibiMatrix(shape[^2] + offset, shape[^1], shape[1], offset, attentionScores.DType);
        return scope.Keep(attentionScores + (mask is null ? penalties : penalties + mask));
    }

    MlxArray IUnaryModule.Forward(MlxArray x) => Forward(x);

    /// <summary>Creates the penalties (<c>ALiBi.create_alibi_matrix</c>).</summary>
    /// <param name="qSequenceLength">The position after the last query.</param>
    /// <param name="kSequenceLength">The number of keys.</param>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="offset">The position of the first query.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <returns>An array of shape (1, heads, queries, keys).</returns>
    public static MlxArray CreateAlibiMatrix(int qSequenceLength, int kSequenceLength, int numHeads, int offset, DType? dtype = null)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray queries = Mx.ExpandDims(Mx.Arange(offset, qSequenceLength), 1);
        MlxArray keys = Mx.ExpandDims(Mx.Arange(0, kSequenceLength), 0);
        MlxArray distances = Mx.Negative(Mx.ExpandDims(Mx.Abs(queries - keys), [0, 1]));
        MlxArray slopes = CreateAlibiSlope(numHeads, dtype);
        return scope.Keep(Mx.AsType(distances * slopes, dtype ?? DType.Float32));
    }

    /// <summary>Computes the slope of each head (<c>ALiBi.create_alibi_slope</c>).</summary>
    /// <param name="numHeads">The number of heads.</param>
    /// <param name="dtype">The dtype of the result; null for float32.</param>
    /// <returns>An array of shape (heads, 1, 1).</returns>
    public static MlxArray CreateAlibiSlope(int numHeads, DType? dtype = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(numHeads);
        float[] slopes = [.. Slopes(numHeads).Select(s => (float)s)];
        using MlxArray column = MlxArray.Create(slopes, numHeads, 1, 1);
        return Mx.AsType(column, dtype ?? DType.Float32);
    }

    // If the number of heads isn't a power of two, every second slope of the next power of two supplies the rest.
    private static IEnumerable<double> Slopes(int heads)
    {
        double log = Math.Log2(heads);
        if (double.IsInteger(log))
        {
            double start = Math.Pow(2, -Math.Pow(2, -(log - 3)));
            return Enumerable.Range(0, heads).Select(i => start * Math.Pow(start, i));
        }
        int below = 1 << (int)Math.Floor(log);
        return Slopes(below).Concat(Slopes(2 * below).Where((_, i) => i % 2 == 0).Take(heads - below));
    }
}
