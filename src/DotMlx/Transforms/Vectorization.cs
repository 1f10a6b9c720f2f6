using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Vectorizes functions in MLX's two steps: trace the function on one element of the batch, then rewrite the graph for all.
/// </summary>
internal static unsafe class Vectorization
{
    /// <param name="function">A function of flat lists.</param>
    /// <param name="inputs">The arguments.</param>
    /// <param name="inAxes">The axis of every argument to map over; negative axes count from the end, and null means none.</param>
    /// <param name="outAxes">Returns the axis of every output, given their number.</param>
    internal static MlxArray[] Apply(
        Func<MlxArray[], MlxArray[]> function, MlxArray[] inputs, ReadOnlySpan<int?> inAxes, Func<int, int?[]> outAxes)
    {
        int[] axes = Axes(inputs, inAxes, extra: 0, "argument");
        if (!axes.AsSpan().ContainsAnyExcept(-1))
        {
            throw new ArgumentException("There is nothing to map over: at least one of inAxes must be an axis.", nameof(inAxes));
        }

        using Trace trace = Trace.Begin(keepsValues: false, vectorizes: true);
        using VectorArray arguments = AlongFirstAxis(inputs, ref axes);
        using NativeClosure closure = NativeClosure.Create(given =>
        {
            trace.Batched = given[^1];
            try
            {
                return function(given[..^1]);
            }
            finally
            {
                trace.Batched = null;
            }
        });
        mlx_vector_array tracedInputs = default;
        mlx_vector_array tracedOutputs = default;
        mlx_vector_array results = default;
        try
        {
            fixed (int* first = axes)
            {
                GraphTraversal.Begin();
                CallbackErrors.ThrowIfFailed(
                    Mlxc.mlx_detail_vmap_trace(&tracedInputs, &tracedOutputs, closure.Handle, arguments.Handle, first, (nuint)axes.Length),
                    "mlx_detail_vmap_trace");
                MlxArray[] outputs = new VectorArray(tracedOutputs).ToArrays();
                int[] resultAxes = Axes(outputs, outAxes(outputs.Length), extra: 1, "output");
                NativeClosure.DisposeAll(outputs);
                GraphTraversal.Begin();
                fixed (int* firstResult = resultAxes)
                {
                    CallbackErrors.ThrowIfFailed(
                        Mlxc.mlx_detail_vmap_replace(
                            &results, arguments.Handle, tracedInputs, tracedOutputs, first, (nuint)axes.Length, firstResult,
                            (nuint)resultAxes.Length),
                        "mlx_detail_vmap_replace");
                }
            }

            return new VectorArray(results).ToArrays();
        }
        finally
        {
            new VectorArray(results).Dispose();
            new VectorArray(tracedOutputs).Dispose();
            new VectorArray(tracedInputs).Dispose();
        }
    }

    /// <summary>
    /// Returns the array, mapped over its first axis if it is used in a vectorized function. Some of MLX's rules are wrong for arrays that
    /// aren't mapped or are mapped over another axis, which also happens when a mapped number is broadcast (0.31.2).
    /// </summary>
    internal static MlxArray Mapped(MlxArray a, MlxStream? stream)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!Trace.IsVectorizing)
        {
            return a;
        }

        foreach (MlxArray batched in Trace.AllBatched())
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray condition = batched;
            for (int i = 0; i < a.NDim; i++)
            {
                // Not a reshape, which has a fixed shape in a compiled function.
                condition = Mx.ExpandDims(condition, 0, stream);
            }

            a = scope.Keep(Mx.Where(condition, a, a, stream));
        }

        return a;
    }

    // Sets each mapped axis to 0, because MLX's rules for attention, medians, and updates at positions are wrong for several arrays with
    // different axes (0.31.2). Appends the array for Trace.Batched.
    private static VectorArray AlongFirstAxis(MlxArray[] inputs, ref int[] axes)
    {
        MlxArray[] moved = [.. inputs.Select(static input => input.Share()), False(inputs, axes)];
        axes = [.. axes, 0];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (axes[i] > 0)
            {
                using MlxArray input = moved[i];
                moved[i] = Mx.MoveAxis(input, axes[i], 0);
                axes[i] = 0;
            }
        }

        VectorArray vector = VectorArray.From(moved);
        NativeClosure.DisposeAll(moved);
        return vector;
    }

    // Computed from an argument, so that a compiled function without fixed shapes can contain it. MLX reports the size of the last mapped
    // argument if sizes differ.
    private static MlxArray False(MlxArray[] inputs, int[] axes)
    {
        using MlxScope scope = MlxScope.Begin();
        int last = Array.FindLastIndex(axes, static axis => axis >= 0);
        MlxArray input = Mx.StopGradient(Mx.MoveAxis(inputs[last], axes[last], 0));
        MlxArray any = Mx.Any(input, [.. Enumerable.Range(1, input.NDim - 1)]);
        return scope.Keep(Mx.LogicalAnd(any, MlxArray.Scalar(false)));
    }

    private static int[] Axes(MlxArray[] arrays, ReadOnlySpan<int?> axes, int extra, string what)
    {
        if (axes.Length != arrays.Length)
        {
            throw new ArgumentException($"There are {arrays.Length} {what}s but {axes.Length} axes.");
        }

        int[] normal = new int[axes.Length];
        for (int i = 0; i < normal.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(arrays[i], $"{what} {i}");
            int dimensions = arrays[i].NDim + extra;
            int axis = axes[i] is { } given ? (given < 0 ? given + dimensions : given) : -1;
            if (axes[i] is not null && (axis < 0 || axis >= dimensions))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(axes), axes[i], $"{what} {i} of shape {ShapeText.Of(arrays[i])} has no axis {axes[i]} to map over.");
            }

            normal[i] = axis;
        }

        return normal;
    }
}
