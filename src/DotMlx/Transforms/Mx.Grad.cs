namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Gives the function that computes the gradient of a scalar function (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">A function that returns a scalar array. It is called anew for every gradient; what it captures is constant.</param>
    /// <returns>A function that returns an array of its argument's shape. It can be differentiated again.</returns>
    /// <exception cref="InvalidOperationException">When the gradient is computed: <paramref name="fun"/> returned null or no scalar.</exception>
    /// <exception cref="ArgumentException">When the gradient is computed: the argument is of an integer type.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>An exception in <paramref name="fun"/> comes out of the returned function as it was thrown.</remarks>
    public static Func<MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray> fun) => Grad<MlxArray>(fun);

    /// <summary>Gives the gradient by one of two arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var valueAndGrad = ValueAndGrad(fun, argnum);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Gives the gradients by one or both of two arrays, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray[]> Grad(Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Gives the gradients by some of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">Indices of the arrays to differentiate by. The gradients come in ascending order of these, as in Python.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: no index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray[], MlxArray[]> Grad(Func<MlxArray[], MlxArray> fun, int[] argnums)
    {
        var valueAndGrad = ValueAndGrad(fun, argnums);
        return arrays => OnlyGradients(valueAndGrad(arrays));
    }

    /// <summary>Gives the gradient by every array of a structure, as a structure of the same kind.</summary>
    /// <inheritdoc cref="ValueAndGrad{T}(Func{T, MlxArray})"/>
    public static Func<T, T> Grad<T>(Func<T, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return a => OnlyGradients(valueAndGrad(a));
    }

    /// <summary>Gives the gradient by the first of two arguments.</summary>
    /// <inheritdoc cref="ValueAndGrad{T, T2}(Func{T, T2, MlxArray})"/>
    public static Func<T, T2, T> Grad<T, T2>(Func<T, T2, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (a, b) => OnlyGradients(valueAndGrad(a, b));
    }

    /// <summary>Gives the gradient by the first of three arguments.</summary>
    /// <inheritdoc cref="ValueAndGrad{T, T2, T3}(Func{T, T2, T3, MlxArray})"/>
    public static Func<T, T2, T3, T> Grad<T, T2, T3>(Func<T, T2, T3, MlxArray> fun)
    {
        var valueAndGrad = ValueAndGrad(fun);
        return (a, b, c) => OnlyGradients(valueAndGrad(a, b, c));
    }

    /// <summary>Gives the gradients by some entries of a dictionary of arguments (Python's <c>argnames</c>).</summary>
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
