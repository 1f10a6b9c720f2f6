namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>
    /// Creates a vectorized form of a function, which works on all elements of a batch (<c>mlx_detail_vmap_trace</c> and
    /// <c>mlx_detail_vmap_replace</c>).
    /// </summary>
    /// <param name="fun">A function of one element. It runs once per call, on a placeholder without a value.</param>
    /// <param name="inAxes">The axis of the argument to map over; a negative axis counts from the end.</param>
    /// <param name="outAxes">The axis of the result along which the results are stacked.</param>
    /// <exception cref="ArgumentException">When called: the axis doesn't exist.</exception>
    /// <exception cref="MlxException">When called: sizes differ, or an operation can't be vectorized.</exception>
    /// <remarks>An exception in <paramref name="fun"/> is thrown unchanged.</remarks>
    public static Func<MlxArray, MlxArray> Vmap(Func<MlxArray, MlxArray> fun, int? inAxes = 0, int? outAxes = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return a => Vectorization.Apply(x => [fun(x[0])], [a], [inAxes], _ => [outAxes])[0];
    }

    /// <summary>Vectorizes a function of two arrays.</summary>
    /// <param name="fun">A function of one element of each argument.</param>
    /// <param name="inAxes">
    /// The axis of each argument to map over; null for an argument that is shared by all elements. By default, the first axis of both.
    /// </param>
    /// <param name="outAxes">The axis of the result along which the results are stacked.</param>
    /// <inheritdoc cref="Vmap(Func{MlxArray, MlxArray}, int?, int?)"/>
    public static Func<MlxArray, MlxArray, MlxArray> Vmap(Func<MlxArray, MlxArray, MlxArray> fun, int?[]? inAxes = null, int? outAxes = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b) => Vectorization.Apply(x => [fun(x[0], x[1])], [a, b], inAxes ?? FirstAxes(2), _ => [outAxes])[0];
    }

    /// <summary>Vectorizes a function of three arrays.</summary>
    /// <param name="fun">A function of one element of each argument.</param>
    /// <param name="inAxes">
    /// The axis of each argument to map over; null for an argument that is shared by all elements. By default, the first axis of all.
    /// </param>
    /// <param name="outAxes">The axis of the result along which the results are stacked.</param>
    /// <inheritdoc cref="Vmap(Func{MlxArray, MlxArray}, int?, int?)"/>
    public static Func<MlxArray, MlxArray, MlxArray, MlxArray> Vmap(
        Func<MlxArray, MlxArray, MlxArray, MlxArray> fun, int?[]? inAxes = null, int? outAxes = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return (a, b, c) => Vectorization.Apply(x => [fun(x[0], x[1], x[2])], [a, b, c], inAxes ?? FirstAxes(3), _ => [outAxes])[0];
    }

    /// <summary>Vectorizes a function of a list of arrays.</summary>
    /// <param name="fun">A function of one element of each argument.</param>
    /// <param name="inAxes">
    /// The axis of each argument to map over; null for an argument that is shared by all elements. By default, the first axis of all.
    /// </param>
    /// <param name="outAxes">The axis of each result along which the results are stacked. By default, the first axis of all.</param>
    /// <inheritdoc cref="Vmap(Func{MlxArray, MlxArray}, int?, int?)"/>
    public static Func<MlxArray[], MlxArray[]> Vmap(Func<MlxArray[], MlxArray[]> fun, int?[]? inAxes = null, int?[]? outAxes = null)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return arrays => Vectorization.Apply(fun, arrays, inAxes ?? FirstAxes(arrays.Length), count => outAxes ?? FirstAxes(count));
    }

    /// <summary>Vectorizes a function of a tree, all of whose arrays are mapped over the same axis.</summary>
    /// <param name="fun">A function of one element of each array.</param>
    /// <param name="inAxes">The axis of every array to map over.</param>
    /// <param name="outAxes">The axis of every array of the result along which the results are stacked.</param>
    /// <inheritdoc cref="Vmap(Func{MlxArray, MlxArray}, int?, int?)"/>
    public static Func<Tree, Tree> Vmap(Func<Tree, Tree> fun, int? inAxes = 0, int? outAxes = 0)
    {
        ArgumentNullException.ThrowIfNull(fun);
        return tree =>
        {
            MlxArray[] leaves = TreeDef.Flatten(tree);
            FlatFunction flat = new(x => fun((Tree)x[0]!), [tree]);
            MlxArray[] results = Vectorization.Apply(
                flat.Invoke, leaves, Enumerable.Repeat(inAxes, leaves.Length).ToArray(), count => [.. Enumerable.Repeat(outAxes, count)]);
            return (Tree)flat.Result(results)!;
        };
    }

    /// <summary>Vectorizes a function of a tree, with a separate axis for each array.</summary>
    /// <param name="fun">A function of one element of each array.</param>
    /// <param name="inAxes">
    /// Receives the dotted path of an array and returns the axis to map over, or null for an array that is shared by all elements.
    /// </param>
    /// <param name="outAxes">
    /// Receives the dotted path of an array of the result and returns the axis along which the results are stacked. Null selects the first
    /// axis of all.
    /// </param>
    /// <inheritdoc cref="Vmap(Func{MlxArray, MlxArray}, int?, int?)"/>
    /// <example><code>
    /// var predict = Mx.Vmap((Tree t) => Predict(t), path => path.StartsWith("weights") ? null : 0);
    /// </code></example>
    public static Func<Tree, Tree> Vmap(Func<Tree, Tree> fun, Func<string, int?> inAxes, Func<string, int?>? outAxes = null)
    {
        ArgumentNullException.ThrowIfNull(fun);
        ArgumentNullException.ThrowIfNull(inAxes);
        return tree =>
        {
            ArgumentNullException.ThrowIfNull(tree);
            FlatFunction flat = new(x => fun((Tree)x[0]!), [tree]);
            MlxArray[] results = Vectorization.Apply(
                flat.Invoke, TreeDef.Flatten(tree), Axes(tree, inAxes),
                count => outAxes is null ? FirstAxes(count) : Axes((Tree)flat.Outline!, outAxes));
            return (Tree)flat.Result(results)!;
        };
    }

    private static int?[] Axes(Tree tree, Func<string, int?> axes) => [.. tree.FlattenUnseen().Select(leaf => axes(leaf.Key))];

    private static int?[] FirstAxes(int count) => [.. Enumerable.Repeat<int?>(0, count)];
}
