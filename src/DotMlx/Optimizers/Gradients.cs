namespace DotMlx.Optimizers;

/// <summary>What is done to gradients before they are applied.</summary>
public static partial class Gradients
{
    /// <summary>
    /// Scales gradients down so that their norm over all leaves is at most <paramref name="maxNorm"/>
    /// (Python's <c>clip_grad_norm</c>). Smaller gradients keep their values. The norm of float16 gradients is computed in float32.
    /// </summary>
    /// <param name="gradients">The gradients; they stay as they are.</param>
    /// <param name="maxNorm">The greatest norm, not negative.</param>
    /// <returns>New gradients of the same structure, shapes and dtypes (float32 for integers), and the norm before the scaling, a scalar.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxNorm"/> is negative or not a number.</exception>
    public static (TTree Gradients, MlxArray Norm) ClipNorm<TTree>(TTree gradients, double maxNorm)
        where TTree : Tree => Clip(gradients, maxNorm, sum => sum);

    private static (TTree Gradients, MlxArray Norm) Clip<TTree>(TTree gradients, double maxNorm, Func<MlxArray, MlxArray> sumOverProcesses)
        where TTree : Tree
    {
        ArgumentNullException.ThrowIfNull(gradients);
        CheckNorm(maxNorm);
        using Arena arena = Arena.Open();

        // Python's sum starts with a float, which makes the norm of integers one.
        MlxArray sum = 0.0;
        foreach (MlxArray leaf in LeavesOf(gradients))
        {
            sum += Mx.Sum(Mx.Square(Wide(leaf)));
        }

        MlxArray norm = Mx.Sqrt(sumOverProcesses(sum.IsWeakScalar ? MlxArray.Scalar(0f) : sum));
        MlxArray scale = Mx.Minimum(maxNorm / (norm + 1e-6), 1.0);
        Tree clipped = MapLeaves(gradients, leaf =>
        {
            MlxArray scaled = Wide(leaf) * scale;
            return arena.Keep(leaf.DType.IsInexact() && scaled.DType != leaf.DType ? scaled.AsType(leaf.DType) : scaled);
        });
        return ((TTree)clipped, arena.Keep(norm));
    }

    /// <summary>Squares of float16 numbers soon leave its range.</summary>
    private static MlxArray Wide(MlxArray gradient) => gradient.DType == DType.Float16 ? gradient.AsType(DType.Float32) : gradient;

    private static List<MlxArray> LeavesOf(Tree tree)
    {
        List<MlxArray> leaves = [];
        tree.CollectLeaves(leaves, shown: false);
        return leaves;
    }

    private static Tree MapLeaves(Tree tree, Func<MlxArray, MlxArray> map)
    {
        if (tree is TreeLeaf leaf)
        {
            return new TreeLeaf(map(leaf.Peek));
        }

        Tree mapped = tree.NewLike();
        for (int i = 0; i < tree.ChildCount; i++)
        {
            mapped.AddLike(tree, i, MapLeaves(tree.ChildAt(i), map));
        }

        return mapped;
    }
}
