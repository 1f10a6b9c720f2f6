namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Gives value, auxiliary output and gradient of a function that returns more than its loss.</summary>
    /// <typeparam name="TAux">
    /// A <see cref="MlxArray"/>, an array, list or string dictionary of them, a <see cref="Tree"/> or a tuple of these, whose arrays come
    /// back as values; anything else passes through.
    /// </typeparam>
    /// <param name="fun">A function that returns a scalar array, which is differentiated, and an auxiliary output, which is not.</param>
    /// <exception cref="InvalidOperationException">When the gradient is computed: the loss is null or no scalar.</exception>
    public static Func<MlxArray, (MlxArray Value, TAux Auxiliary, MlxArray Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return x => One(Differentiation.ValueAndGrad(inputs => fun(inputs[0]), [x], [0]));
    }

    /// <summary>Gives value, auxiliary output and the gradient by one of two arguments.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    /// <param name="argnum">The argument to differentiate by: 0 or 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, (MlxArray Value, TAux Auxiliary, MlxArray Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, MlxArray, (MlxArray Loss, TAux Auxiliary)> fun, int argnum = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        int[] by = Differentiation.CheckArgnums([argnum], 2);
        return (a, b) => One(Differentiation.ValueAndGrad(inputs => fun(inputs[0], inputs[1]), [a, b], by));
    }

    /// <summary>Gives value, auxiliary output and the gradient by one of three arguments.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    /// <param name="argnum">The argument to differentiate by: 0, 1 or 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such argument.</exception>
    public static Func<MlxArray, MlxArray, MlxArray, (MlxArray Value, TAux Auxiliary, MlxArray Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray, MlxArray, MlxArray, (MlxArray Loss, TAux Auxiliary)> fun, int argnum = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        int[] by = Differentiation.CheckArgnums([argnum], 3);
        return (a, b, c) => One(Differentiation.ValueAndGrad(inputs => fun(inputs[0], inputs[1], inputs[2]), [a, b, c], by));
    }

    /// <summary>Gives value, auxiliary output and the gradients of a function of a list of arrays.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    /// <param name="argnums">Indices of the arrays to differentiate by; null for all of them. The gradients come in ascending order of these, as in Python.</param>
    /// <exception cref="ArgumentException">When the gradient is computed: no index, one twice, or one that is no argument.</exception>
    public static Func<MlxArray[], (MlxArray Value, TAux Auxiliary, MlxArray[] Gradients)> ValueAndGrad<TAux>(
        Func<MlxArray[], (MlxArray Loss, TAux Auxiliary)> fun, int[]? argnums = null)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return arrays => Differentiation.ValueAndGrad(fun, arrays, ListArgnums(arrays, argnums));
    }

    /// <summary>Gives value, auxiliary output and the gradient by every array of a tree.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<Tree, (MlxArray Value, TAux Auxiliary, Tree Gradients)> ValueAndGrad<TAux>(
        Func<Tree, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return tree => TreeDifferentiation.ValueAndGrad((t, _) => fun(t), tree, []);
    }

    /// <summary>Gives value, auxiliary output and the gradient by every array of a tree, for a function that takes an array beside it.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<Tree, MlxArray, (MlxArray Value, TAux Auxiliary, Tree Gradients)> ValueAndGrad<TAux>(
        Func<Tree, MlxArray, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, a) => TreeDifferentiation.ValueAndGrad((t, r) => fun(t, r[0]), tree, [a]);
    }

    /// <summary>Gives value, auxiliary output and the gradient by every array of a tree, for a function that takes two arrays beside it.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<Tree, MlxArray, MlxArray, (MlxArray Value, TAux Auxiliary, Tree Gradients)> ValueAndGrad<TAux>(
        Func<Tree, MlxArray, MlxArray, (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, a, b) => TreeDifferentiation.ValueAndGrad((t, r) => fun(t, r[0], r[1]), tree, [a, b]);
    }

    /// <summary>Gives value, auxiliary output and the gradient by every array of a tree, for a function that takes a list of arrays beside it.</summary>
    /// <typeparam name="TAux">Type of the auxiliary output.</typeparam>
    /// <param name="fun">A function that returns a scalar array and an auxiliary output.</param>
    public static Func<Tree, MlxArray[], (MlxArray Value, TAux Auxiliary, Tree Gradients)> ValueAndGrad<TAux>(
        Func<Tree, MlxArray[], (MlxArray Loss, TAux Auxiliary)> fun)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (tree, arrays) => TreeDifferentiation.ValueAndGrad(fun, tree, arrays);
    }

    private static (MlxArray Value, TAux Auxiliary, MlxArray Gradients) One<TAux>(
        (MlxArray Value, TAux Auxiliary, MlxArray[] Gradients) result) => (result.Value, result.Auxiliary, result.Gradients[0]);
}
