namespace DotMlx.Optimizers;

/// <summary>What is done to gradients before they are applied.</summary>
public static partial class Gradients
{
    // Python's sum starts with a float, which makes the norm of integers one.
    private static readonly Constant Zero = new(0.0);
    private static readonly Constant Tiny = new(1e-6);
    private static readonly Constant One = new(1.0);

    /// <summary>
    /// Scales gradients down so that their norm over all leaves is at most <paramref name="maxNorm"/>
    /// (Python's <c>clip_grad_norm</c>). Smaller gradients keep their values.
    /// </summary>
    /// <param name="gradients">The gradients; they stay as they are.</param>
    /// <param name="maxNorm">The greatest norm, not negative.</param>
    /// <returns>New gradients of the same structure, and the norm before the scaling, a scalar.</returns>
    /// <remarks>The scale has the widest dtype among the leaves, so leaves of narrower dtypes are promoted to it.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxNorm"/> is negative or not a number.</exception>
    public static (Tree Gradients, MlxArray Norm) ClipNorm(Tree gradients, float maxNorm)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        CheckNorm(maxNorm);
        List<MlxArray> leaves = [];
        gradients.CollectLeaves(leaves, shown: false);
        if (leaves.Count == 0)
        {
            return (gradients.Copy(), MlxArray.Scalar(0f));
        }

        using Arithmetic x = new();
        Value sum = Zero + x.Use(leaves[0]).Square().Sum();
        foreach (MlxArray leaf in leaves.Skip(1))
        {
            sum += x.Use(leaf).Square().Sum();
        }

        Value norm = sum.Sqrt();
        Value scale = (new Constant(Constant.Exact(maxNorm)) / (norm + Tiny)).Minimum(One);
        Tree clipped = Tree.Map(leaf => x.Keep(x.Use(leaf) * scale), gradients);
        GC.KeepAlive(leaves);
        return (clipped, x.Keep(norm));
    }
}
