namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Gives the function that computes the gradient of a scalar function (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">A function that returns a scalar array. It is called anew for every gradient; what it captures is constant.</param>
    /// <returns>A function that returns an array of its argument's shape. It can be differentiated again.</returns>
    /// <exception cref="InvalidOperationException">When the gradient is computed: <paramref name="fun"/> returned null or no scalar.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>An exception in <paramref name="fun"/> comes out of the returned function as it was thrown.</remarks>
    public static Func<MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return x =>
        {
            (MlxArray value, MlxArray gradient) = valueAndGrad(x);
            value.Dispose();
            return gradient;
        };
    }

    /// <summary>Gives the gradient by one of two arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var gradients = Grad(fun, [argnum]);
        return (a, b) => gradients(a, b)[0];
    }

    /// <summary>Gives the gradients by several of two arguments, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray[]> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Gives the gradient by one of three arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0, 1 or 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var gradients = Grad(fun, [argnum]);
        return (a, b, c) => gradients(a, b, c)[0];
    }

    /// <summary>Gives the gradients by several of three arguments, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray, MlxArray[]> Grad(Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return (a, b, c) => OnlyGradients(valueAndGrad(a, b, c));
    }

    /// <summary>Gives the gradients of a function of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">Indices of the arrays to differentiate by; null for all of them. The gradients come in ascending order of these, as in Python.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: no index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray[], MlxArray[]> Grad(Func<MlxArray[], MlxArray> fun, int[]? argnums = null)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return arrays => OnlyGradients(valueAndGrad(arrays));
    }

    /// <summary>Gives the gradient by every array of a tree, as a tree of the same structure.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, Tree> Grad(Func<Tree, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return tree => OnlyGradient(valueAndGrad(tree));
    }

    /// <summary>Gives the gradient by every array of a tree, for a function that takes an array beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, Tree> Grad(Func<Tree, MlxArray, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (tree, a) => OnlyGradient(valueAndGrad(tree, a));
    }

    /// <summary>Gives the gradient by every array of a tree, for a function that takes two arrays beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, MlxArray, Tree> Grad(Func<Tree, MlxArray, MlxArray, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (tree, a, b) => OnlyGradient(valueAndGrad(tree, a, b));
    }

    /// <summary>Gives the gradient by every array of a tree, for a function that takes a list of arrays beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray[], Tree> Grad(Func<Tree, MlxArray[], MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (tree, arrays) => OnlyGradient(valueAndGrad(tree, arrays));
    }

    private static MlxArray[] OnlyGradients((MlxArray Value, MlxArray[] Gradients) result)
    {
        result.Value.Dispose();
        return result.Gradients;
    }

    private static Tree OnlyGradient((MlxArray Value, Tree Gradients) result)
    {
        result.Value.Dispose();
        return result.Gradients;
    }
}
