namespace DotMlx.Optimizers;

/// <summary>Functions that process gradients before an optimizer applies them.</summary>
public static partial class Gradients
{
    /// <summary>
    /// Clips gradients so that their norm over all leaves is at most <paramref name="maxNorm"/> (Python's <c>clip_grad_norm</c>). Gradients
    /// with a smaller norm keep their values. The norm of float16 gradients is computed in float32.
    /// </summary>
    /// <param name="gradients">The gradients; they don't change.</param>
    /// <param name="maxNorm">The maximum norm, not negative.</param>
    /// <returns>
    /// New gradients of the same structure, shapes, and dtypes (float32 for integers), and the norm before clipping, as a scalar.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxNorm"/> is negative or NaN.</exception>
    public static (TTree Gradients, MlxArray Norm) ClipNorm<TTree>(TTree gradients, double maxNorm)
        where TTree : Tree => Clip(gradients, maxNorm, sum => sum);

    private static (TTree Gradients, MlxArray Norm) Clip<TTree>(TTree gradients, double maxNorm, Func<MlxArray, MlxArray> sumOverProcesses)
        where TTree : Tree
    {
        ArgumentNullException.ThrowIfNull(gradients);
        CheckNorm(maxNorm);
        using Arena arena = Arena.Open();

        // Python's sum starts with a float, so the norm of integers is a float too.
        MlxArray sum = 0.0;
        List<MlxArray> leaves = [];
        gradients.CollectLeaves(leaves, shown: false);
        foreach (MlxArray leaf in leaves)
        {
            sum += Mx.Sum(Mx.Square(Wide(leaf)));
        }

        MlxArray norm = Mx.Sqrt(sumOverProcesses(sum.IsWeakScalar ? MlxArray.Scalar(0f) : sum));
        MlxArray scale = Mx.Minimum(maxNorm / (norm + 1e-6), 1.0);
        Tree clipped = gradients.RebuildLeaves(leaf =>
        {
            MlxArray scaled = Wide(leaf.Peek) * scale;
            DType dtype = leaf.Peek.DType;
            return arena.Keep(dtype.IsInexact() && scaled.DType != dtype ? scaled.AsType(dtype) : scaled);
        });
        return ((TTree)clipped, arena.Keep(norm));
    }

    /// <summary>Converts float16 to float32, because the squares of float16 numbers easily overflow.</summary>
    private static MlxArray Wide(MlxArray gradient) => gradient.DType == DType.Float16 ? gradient.AsType(DType.Float32) : gradient;
}
