namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Gives the function that computes a scalar function and its gradient in one go (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">A function that returns a scalar array. It is called anew for every gradient; what it captures is constant.</param>
    /// <returns>A function that returns the value and the gradient, an array of its argument's shape.</returns>
    /// <exception cref="InvalidOperationException">When the gradient is computed: <paramref name="fun"/> returned null or no scalar.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>
    /// The arrays that <paramref name="fun"/> gets become what was passed in for them when it returns. An exception in it comes out of the returned
    /// function as it was thrown.
    /// </remarks>
    public static Func<MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(Func<MlxArray, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return x =>
        {
            (MlxArray value, _, MlxArray[] gradients) = Differentiation.ValueAndGrad(inputs => (fun(inputs[0]), false), [x], [0]);
            return (value, gradients[0]);
        };
    }

    /// <summary>Gives the value and the gradient by one of two arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var several = ValueAndGrad(fun, [argnum]);
        return (a, b) => One(several(a, b));
    }

    /// <summary>Gives the value and the gradients by several of two arguments, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        ArgumentNullException.ThrowIfNull(fun);
        int[] by = Differentiation.CheckArgnums(argnums, 2);
        return (a, b) => WithoutAuxiliary(
            Differentiation.ValueAndGrad(inputs => (fun(inputs[0], inputs[1]), false), [a, b], by));
    }

    /// <summary>Gives the value and the gradient by one of three arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0, 1 or 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var several = ValueAndGrad(fun, [argnum]);
        return (a, b, c) => One(several(a, b, c));
    }

    /// <summary>Gives the value and the gradients by several of three arguments, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray, (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        ArgumentNullException.ThrowIfNull(fun);
        int[] by = Differentiation.CheckArgnums(argnums, 3);
        return (a, b, c) => WithoutAuxiliary(
            Differentiation.ValueAndGrad(inputs => (fun(inputs[0], inputs[1], inputs[2]), false), [a, b, c], by));
    }

    /// <summary>Gives the value and the gradients of a function of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">Indices of the arrays to differentiate by; null for all of them. The gradients come in ascending order of these, as in Python.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: no index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray[], (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(
        Func<MlxArray[], MlxArray> fun, int[]? argnums = null)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return arrays => WithoutAuxiliary(
            Differentiation.ValueAndGrad(inputs => (fun(inputs), false), arrays, ListArgnums(arrays, argnums)));
    }

    /// <summary>Gives the value and the gradient by every array of a tree, as a tree of the same structure.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return tree => WithoutAuxiliary(TreeDifferentiation.ValueAndGrad((t, _) => (fun(t), false), tree, []));
    }

    /// <summary>Gives the value of a function of a dictionary, such as parameters, and its gradients by all arrays in it.</summary>
    /// <inheritdoc cref="ValueAndGrad(Func{Tree, MlxArray})"/>
    public static Func<TreeDictionary, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<TreeDictionary, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        Func<Tree, (MlxArray Value, Tree Gradients)> general = ValueAndGrad((Tree tree) => fun((TreeDictionary)tree));
        return tree =>
        {
            (MlxArray value, Tree gradients) = general(tree);
            return (value, (TreeDictionary)gradients);
        };
    }

    /// <summary>Gives the value and the gradient by every array of a tree, for a function that takes an array beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, a) => WithoutAuxiliary(TreeDifferentiation.ValueAndGrad((t, r) => (fun(t, r[0]), false), tree, [a]));
    }

    /// <summary>Gives the value and the gradient by every array of a tree, for a function that takes two arrays beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(
        Func<Tree, MlxArray, MlxArray, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, a, b) => WithoutAuxiliary(TreeDifferentiation.ValueAndGrad((t, r) => (fun(t, r[0], r[1]), false), tree, [a, b]));
    }

    /// <summary>Gives the value and the gradient by every array of a tree, for a function that takes a list of arrays beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray[], (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray[], MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, arrays) => WithoutAuxiliary(TreeDifferentiation.ValueAndGrad((t, r) => (fun(t, r), false), tree, arrays));
    }

    private static (MlxArray Value, MlxArray Gradients) One((MlxArray Value, MlxArray[] Gradients) result) =>
        (result.Value, result.Gradients[0]);

    private static (MlxArray Value, TGradient Gradient) WithoutAuxiliary<TGradient>(
        (MlxArray Value, bool Auxiliary, TGradient Gradient) result) => (result.Value, result.Gradient);

    private static int[] ListArgnums(MlxArray[] arrays, int[]? argnums)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        return argnums is null ? [.. Enumerable.Range(0, arrays.Length)] : Differentiation.CheckArgnums(argnums, arrays.Length);
    }
}
