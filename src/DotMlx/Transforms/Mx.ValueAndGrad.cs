namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Gives the function that computes a scalar function and its gradient in one go (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">A function that returns a scalar array. It is called anew for every gradient; what it captures is constant.</param>
    /// <returns>A function that returns the value and the gradient, an array of its argument's shape.</returns>
    /// <exception cref="InvalidOperationException">When the gradient is computed: <paramref name="fun"/> returned null or no scalar.</exception>
    /// <exception cref="ArgumentException">When the gradient is computed: the argument is of an integer type.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>
    /// The arrays that <paramref name="fun"/> gets become what was passed in for them when it returns. An exception in it comes out of the
    /// returned function as it was thrown.
    /// </remarks>
    public static Func<MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(Func<MlxArray, MlxArray> fun) => ValueAndGrad<MlxArray>(fun);

    /// <summary>Gives the value and the gradient by one of two arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument to differentiate by: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray> fun, int argnum = 0)
    {
        var several = ValueAndGrad(fun, [argnum]);
        return (a, b) =>
        {
            (MlxArray value, MlxArray[] gradients) = several(a, b);
            return (value, gradients[0]);
        };
    }

    /// <summary>Gives the value and the gradients by one or both of two arrays, in the order of the arguments.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments to differentiate by.</param>
    /// <exception cref="ArgumentException">No index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        ArgumentNullException.ThrowIfNull(fun);
        Differentiation.CheckArgnums(argnums, 2);
        var list = ValueAndGrad((MlxArray[] arrays) => fun(arrays[0], arrays[1]), argnums);
        return (a, b) => list([a, b]);
    }

    /// <summary>Gives the value and the gradients by some of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">Indices of the arrays to differentiate by. The gradients come in ascending order of these, as in Python.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: no index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray[], (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(Func<MlxArray[], MlxArray> fun, int[] argnums)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return arrays =>
        {
            ArgumentNullException.ThrowIfNull(arrays);
            (MlxArray value, _, MlxArray[] gradients) = Differentiation.ValueAndGrad(
                inputs => (fun(inputs), false), arrays, Differentiation.CheckArgnums(argnums, arrays.Length));
            return (value, gradients);
        };
    }

    /// <summary>Gives the value and the gradient by every array of a tree, as a tree of the same structure.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray> fun) => ValueAndGrad<Tree>(fun);

    /// <summary>Gives the value of a function of a dictionary, such as parameters, and its gradients by all arrays in it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<TreeDictionary, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<TreeDictionary, MlxArray> fun) =>
        ValueAndGrad<TreeDictionary>(fun);

    /// <summary>Gives the value and the gradient by every array of a tree, for a function that takes an array beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray, MlxArray> fun) =>
        ValueAndGrad<Tree, MlxArray>(fun);

    /// <summary>Gives the value and the gradient by every array of a tree, for a function that takes two arrays beside it.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray, MlxArray, MlxArray> fun) =>
        ValueAndGrad<Tree, MlxArray, MlxArray>(fun);

    /// <summary>Gives the value and the gradient by every array of a structure, as a structure of the same kind.</summary>
    /// <typeparam name="T">
    /// A <see cref="Tree"/>, an array, list or string dictionary of arrays, or a tuple of these: <c>(MlxArray Weight, Tree Rest)</c> differentiates
    /// by several arguments at once.
    /// </typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: there are no arrays, or one is of an integer type.</exception>
    public static Func<T, (MlxArray Value, T Gradients)> ValueAndGrad<T>(Func<T, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x), false), a));
    }

    /// <summary>Gives the value and the gradient by the first of two arguments.</summary>
    /// <typeparam name="T">What is differentiated by: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Anything; it is passed on as it is.</typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<T, T2, (MlxArray Value, T Gradients)> ValueAndGrad<T, T2>(Func<T, T2, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x, b), false), a));
    }

    /// <summary>Gives the value and the gradient by the first of three arguments.</summary>
    /// <typeparam name="T">What is differentiated by: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Anything; it is passed on as it is.</typeparam>
    /// <typeparam name="T3">Anything; it is passed on as it is.</typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<T, T2, T3, (MlxArray Value, T Gradients)> ValueAndGrad<T, T2, T3>(Func<T, T2, T3, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x, b, c), false), a));
    }

    /// <summary>
    /// Gives value, auxiliary output and gradient of a function that returns more than its loss. The three come back side by side: Python's
    /// <c>((loss, aux), grads)</c> is <c>(loss, aux, grads)</c> here.
    /// </summary>
    /// <typeparam name="T">What is differentiated by: any structure of arrays.</typeparam>
    /// <typeparam name="TAux">Any structure of arrays, which come back as values; anything else passes through.</typeparam>
    /// <param name="fun">A function that returns a scalar array, which is differentiated, and an auxiliary output, which is not.</param>
    /// <exception cref="InvalidOperationException">When the gradient is computed: the loss is null or no scalar.</exception>
    public static Func<T, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, TAux>(Func<T, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => Differentiation.ByStructure(fun, a);
    }

    /// <summary>Gives value, auxiliary output and the gradient by the first of two arguments, side by side.</summary>
    /// <typeparam name="T">What is differentiated by: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Anything; it is passed on as it is.</typeparam>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<T, T2, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, T2, TAux>(
        Func<T, T2, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => Differentiation.ByStructure(x => fun(x, b), a);
    }

    /// <summary>Gives value, auxiliary output and the gradient by the first of three arguments, side by side.</summary>
    /// <typeparam name="T">What is differentiated by: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Anything; it is passed on as it is.</typeparam>
    /// <typeparam name="T3">Anything; it is passed on as it is.</typeparam>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<T, T2, T3, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, T2, T3, TAux>(
        Func<T, T2, T3, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => Differentiation.ByStructure(x => fun(x, b, c), a);
    }

    /// <summary>Gives the value and the gradients by some entries of a dictionary of arguments (Python's <c>argnames</c>).</summary>
    /// <param name="fun">A function of named arguments, arrays or whole trees, that returns a scalar array.</param>
    /// <param name="argnames">The names of the arguments to differentiate by.</param>
    /// <returns>A function whose gradients are a dictionary with these names.</returns>
    /// <exception cref="ArgumentException">No name, or one twice; when the gradient is computed: there is no argument of that name.</exception>
    public static Func<TreeDictionary, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(
        Func<TreeDictionary, MlxArray> fun, IReadOnlyList<string> argnames)
    {
        ArgumentNullException.ThrowIfNull(fun);
        string[] names = Differentiation.CheckArgnames(argnames);
        return arguments =>
        {
            ArgumentNullException.ThrowIfNull(arguments);
            TreeDictionary chosen = [];
            foreach (string name in names)
            {
                chosen.Add(name, arguments.TryGetValue(name, out Tree? argument) ? argument : throw new ArgumentException(
                    $"There is no argument '{name}' to differentiate by: the arguments are {arguments.Description}.", nameof(arguments)));
            }

            return WithoutAuxiliary(Differentiation.ByStructure(
                x =>
                {
                    TreeDictionary all = arguments.Copy();
                    foreach ((string name, Tree argument) in x)
                    {
                        all[name] = argument;
                    }

                    return (fun(all), false);
                },
                chosen));
        };
    }

    private static (MlxArray Value, T Gradients) WithoutAuxiliary<T>((MlxArray Value, bool Auxiliary, T Gradients) result) =>
        (result.Value, result.Gradients);
}
