namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Creates the function that computes a scalar function and its gradient together (<c>mlx_value_and_grad</c>).</summary>
    /// <param name="fun">
    /// A function that returns a scalar array. It is called again for every gradient; anything that it captures is constant.
    /// </param>
    /// <returns>A function that returns the value and the gradient, an array of its argument's shape.</returns>
    /// <exception cref="InvalidOperationException">
    /// When the gradient is computed: <paramref name="fun"/> didn't return a scalar.
    /// </exception>
    /// <exception cref="ArgumentException">When the gradient is computed: the argument has an integer type.</exception>
    /// <exception cref="MlxException">When the gradient is computed: an operation has no gradient.</exception>
    /// <remarks>
    /// When <paramref name="fun"/> returns, the arrays that it received represent the arrays that were passed in their place. The returned
    /// function throws an exception in <paramref name="fun"/> unchanged.
    /// </remarks>
    public static Func<MlxArray, (MlxArray Value, MlxArray Gradients)> ValueAndGrad(Func<MlxArray, MlxArray> fun) =>
        ValueAndGrad<MlxArray>(fun);

    /// <summary>Creates the function that computes the value and the gradient with respect to one of two arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnum">The argument with respect to which to differentiate: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The argument doesn't exist.</exception>
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

    /// <summary>
    /// Creates the function that computes the value and the gradients with respect to one or both of two arrays, in the order of the
    /// arguments.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">The arguments with respect to which to differentiate.</param>
    /// <exception cref="ArgumentException">There is no index, or an index is repeated or out of range.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, MlxArray[] Gradients)> ValueAndGrad(
        Func<MlxArray, MlxArray, MlxArray> fun, int[] argnums)
    {
        ArgumentNullException.ThrowIfNull(fun);
        Differentiation.CheckArgnums(argnums, 2);
        var list = ValueAndGrad((MlxArray[] arrays) => fun(arrays[0], arrays[1]), argnums);
        return (a, b) => list([a, b]);
    }

    /// <summary>Creates the function that computes the value and the gradients with respect to some of a list of arrays.</summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <param name="argnums">
    /// The indices of the arrays with respect to which to differentiate. The gradients are in ascending order of the indices, as in Python.
    /// </param>
    /// <exception cref="ArgumentException">
    /// When the gradient is computed: there is no index, or an index is repeated or out of range.
    /// </exception>
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

    /// <summary>
    /// Creates the function that computes the value and the gradient with respect to every array of a tree, as a tree of the same
    /// structure.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray> fun) => ValueAndGrad<Tree>(fun);

    /// <summary>
    /// Creates the function that computes the value of a function of a dictionary, such as parameters, and its gradients with respect to
    /// all arrays in the dictionary.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<TreeDictionary, (MlxArray Value, TreeDictionary Gradients)> ValueAndGrad(Func<TreeDictionary, MlxArray> fun) =>
        ValueAndGrad<TreeDictionary>(fun);

    /// <summary>
    /// Creates the function that computes the value and the gradient with respect to every array of a tree, for a function that also takes
    /// an array.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(Func<Tree, MlxArray, MlxArray> fun) =>
        ValueAndGrad<Tree, MlxArray>(fun);

    /// <summary>
    /// Creates the function that computes the value and the gradient with respect to every array of a tree, for a function that also takes
    /// two arrays.
    /// </summary>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<Tree, MlxArray, MlxArray, (MlxArray Value, Tree Gradients)> ValueAndGrad(
        Func<Tree, MlxArray, MlxArray, MlxArray> fun) =>
        ValueAndGrad<Tree, MlxArray, MlxArray>(fun);

    /// <summary>
    /// Creates the function that computes the value and the gradient with respect to every array of a structure, as a structure of the same
    /// kind.
    /// </summary>
    /// <typeparam name="T">
    /// A <see cref="Tree"/>; an array, list, or string dictionary of arrays; or a tuple of these. <c>(MlxArray Weight, Tree Rest)</c>
    /// differentiates with respect to several arguments at once.
    /// </typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: there are no arrays, or one has an integer type.</exception>
    public static Func<T, (MlxArray Value, T Gradients)> ValueAndGrad<T>(Func<T, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x), false), a));
    }

    /// <summary>Creates the function that computes the value and the gradient with respect to the first of two arguments.</summary>
    /// <typeparam name="T">The argument with respect to which to differentiate: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Any type; it is passed on unchanged.</typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<T, T2, (MlxArray Value, T Gradients)> ValueAndGrad<T, T2>(Func<T, T2, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x, b), false), a));
    }

    /// <summary>Creates the function that computes the value and the gradient with respect to the first of three arguments.</summary>
    /// <typeparam name="T">The argument with respect to which to differentiate: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Any type; it is passed on unchanged.</typeparam>
    /// <typeparam name="T3">Any type; it is passed on unchanged.</typeparam>
    /// <param name="fun">A function that returns a scalar array.</param>
    public static Func<T, T2, T3, (MlxArray Value, T Gradients)> ValueAndGrad<T, T2, T3>(Func<T, T2, T3, MlxArray> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => WithoutAuxiliary(Differentiation.ByStructure(x => (fun(x, b, c), false), a));
    }

    /// <summary>
    /// Creates the function that computes the value, the auxiliary output, and the gradient of a function that returns more than its loss.
    /// The result is a flat tuple: Python's <c>((loss, aux), grads)</c> is <c>(loss, aux, grads)</c> here.
    /// </summary>
    /// <typeparam name="T">The argument with respect to which to differentiate: any structure of arrays.</typeparam>
    /// <typeparam name="TAux">Any structure of arrays, which are returned as values; other values pass through.</typeparam>
    /// <param name="fun">A function that returns a scalar array, which is differentiated, and an auxiliary output, which isn't.</param>
    /// <exception cref="InvalidOperationException">When the gradient is computed: the loss is null or isn't a scalar.</exception>
    public static Func<T, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, TAux>(Func<T, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => Differentiation.ByStructure(fun, a);
    }

    /// <summary>
    /// Creates the function that computes the value, the auxiliary output, and the gradient with respect to the first of two arguments, as
    /// a flat tuple.
    /// </summary>
    /// <typeparam name="T">The argument with respect to which to differentiate: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Any type; it is passed on unchanged.</typeparam>
    /// <typeparam name="TAux">The type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<T, T2, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, T2, TAux>(
        Func<T, T2, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => Differentiation.ByStructure(x => fun(x, b), a);
    }

    /// <summary>
    /// Creates the function that computes the value, the auxiliary output, and the gradient with respect to the first of three arguments,
    /// as a flat tuple.
    /// </summary>
    /// <typeparam name="T">The argument with respect to which to differentiate: any structure of arrays.</typeparam>
    /// <typeparam name="T2">Any type; it is passed on unchanged.</typeparam>
    /// <typeparam name="T3">Any type; it is passed on unchanged.</typeparam>
    /// <typeparam name="TAux">The type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<T, T2, T3, (MlxArray Value, TAux Auxiliary, T Gradients)> ValueAndGrad<T, T2, T3, TAux>(
        Func<T, T2, T3, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => Differentiation.ByStructure(x => fun(x, b, c), a);
    }

    /// <summary>
    /// Creates the function that computes the value and the gradients with respect to some entries of a dictionary of arguments (Python's
    /// <c>argnames</c>).
    /// </summary>
    /// <param name="fun">A function of named arguments, arrays or whole trees, that returns a scalar array.</param>
    /// <param name="argnames">The names of the arguments with respect to which to differentiate.</param>
    /// <returns>A function whose gradients are a dictionary with these names.</returns>
    /// <exception cref="ArgumentException">
    /// There is no name, or a name is repeated; when the gradient is computed: there is no argument with the name.
    /// </exception>
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
                    $"There is no argument '{name}' to differentiate with respect to: the arguments are {arguments.Description}.",
                    nameof(arguments)));
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
