namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Creates the function that computes the gradient of a scalar function (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">
    /// A function that returns a scalar array. It is called again for every gradient; anything that it captures is constant.
    /// </param>
    /// <returns>A function that returns an array of its argument's shape. It can be differentiated again.</returns>
    /// <exception cref="InvalidOperationException">
    /// When the gradient is computed: <paramref name="fun"/> didn't return a scalar.
    /// </exception>
    /// <exception cref="ArgumentException">When the gradient is computed: the argument has an integer type.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>The returned function throws an exception in <paramref name="fun"/> unchanged.</remarks>
    public static Func<MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray> fun) => Grad<MlxArray>(fun);

    /// <summary>Creates the function that computes the gradient with respect to one of two arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument with respect to which to differentiate: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The argument doesn't exist.</exception>
    public static Func<MlxArray, MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var valueAndGrad = ValueAndGrad(fun, argnum);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>
    /// Creates the function that computes the gradients with respect to one or both of two arrays, in the order of the arguments.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments with respect to which to differentiate.</param>
    /// <exception cref="ArgumentException">There is no index, or an index is repeated or out of range.</exception>
    public static Func<MlxArray, MlxArray, MlxArray[]> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Creates the function that computes the gradients with respect to some of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">
    /// The indices of the arrays with respect to which to differentiate. The gradients are in ascending order of the indices, as in Python.
    /// </param>
    /// <exception cref="ArgumentException">
    /// When the gradient is computed: there is no index, or an index is repeated or out of range.
    /// </exception>
    public static Func<MlxArray[], MlxArray[]> Grad(Func<MlxArray[], MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return arrays => OnlyGradients(valueAndGrad(arrays));
    }

    /// <summary>
    /// Creates the function that computes the gradient with respect to every array of a structure, as a structure of the same kind.
    /// </summary>
    /// <inheritdoc cref="ValueAndGrad{T}(Func{T, MlxArray})"/>
    public static Func<T, T> Grad<T>(Func<T, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return a => OnlyGradients(valueAndGrad(a));
    }

    /// <summary>Creates the function that computes the gradient with respect to the first of two arguments.</summary>
    /// <inheritdoc cref="ValueAndGrad{T, T2}(Func{T, T2, MlxArray})"/>
    public static Func<T, T2, T> Grad<T, T2>(Func<T, T2, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Creates the function that computes the gradient with respect to the first of three arguments.</summary>
    /// <inheritdoc cref="ValueAndGrad{T, T2, T3}(Func{T, T2, T3, MlxArray})"/>
    public static Func<T, T2, T3, T> Grad<T, T2, T3>(Func<T, T2, T3, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (a, b, c) => OnlyGradients(valueAndGrad(a, b, c));
    }

    /// <summary>
    /// Creates the function that computes the gradients with respect to some entries of a dictionary of arguments (Python's
    /// <c>argnames</c>).
    /// </summary>
    /// <inheritdoc cref="ValueAndGrad(Func{TreeDictionary, MlxArray}, IReadOnlyList{string})"/>
    public static Func<TreeDictionary, TreeDictionary> Grad(Func<TreeDictionary, MlxArray> fun, IReadOnlyList<string> argnames)
    {
        var valueAndGrad = ValueAndGrad(fun, argnames);
        return arguments => OnlyGradients(valueAndGrad(arguments));
    }

    private static T OnlyGradients<T>((MlxArray Value, T Gradients) result)
    {
        result.Value.Dispose();
        return result.Gradients;
    }
}
