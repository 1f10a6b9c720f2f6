namespace DotMlx;

/// <summary>Differentiation by all arrays of a tree, the function's first argument.</summary>
internal static class TreeDifferentiation
{
    internal static (MlxArray Value, TAux Auxiliary, Tree Gradients) ValueAndGrad<TAux>(
        Func<Tree, MlxArray[], (MlxArray Loss, TAux Auxiliary)> function, Tree tree, MlxArray[] rest)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(rest);
        MlxArray[] leaves = Structures.Flatten(tree);
        int integers = Array.FindIndex(leaves, static leaf => !leaf.DType.IsInexact() && !leaf.IsWeakScalar);
        if (integers >= 0)
        {
            throw new ArgumentException(
                $"[grad] '{tree.Flatten()[integers].Key}' is {leaves[integers].DType.MlxName()}, shape {ShapeText.Of(leaves[integers])}: gradients are of floating-point arrays. "
                + "Freeze it or mark it [Buffer] where it is a module's, or leave it out.", nameof(tree));
        }

        int[] argnums = [.. Enumerable.Range(0, leaves.Length)];
        (MlxArray value, TAux auxiliary, MlxArray[] gradients) = Differentiation.ValueAndGrad(
            arguments => function(Structures.Rebuild(tree, arguments.AsSpan(0, leaves.Length)), arguments[leaves.Length..]),
            [.. leaves, .. rest],
            argnums);
        return (value, auxiliary, Structures.Rebuild(tree, gradients));
    }
}
