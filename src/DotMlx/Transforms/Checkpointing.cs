using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Calls <c>mlx_checkpoint</c>.</summary>
internal static unsafe class Checkpointing
{
    internal static object? Call(Func<object?[], object?> function, params object?[] arguments)
    {
        MlxArray[] inputs = TreeDef.Flatten(arguments);
        FlatFunction flat = new(function, arguments);
        return flat.Result(Apply(flat.Invoke, inputs));
    }

    // MLX reads the first output.
    private static MlxArray[] Some(MlxArray[] results) => results.Length > 0 ? results
        : throw new InvalidOperationException("The function under a checkpoint returned no array, so it has no gradient.");

    internal static MlxArray[] Apply(Func<MlxArray[], MlxArray[]> function, MlxArray[] inputs)
    {
        if (Trace.IsVectorizing)
        {
            // MLX would vectorize the function once more by itself, without what operations do for vectorized functions.
            return function(inputs);
        }

        using Trace trace = Trace.Begin(keepsValues: true);
        using VectorArray arguments = VectorArray.From(inputs);
        using NativeClosure closure = NativeClosure.Create(given => Some(function(given)), inputs);
        mlx_closure checkpointed = default;
        mlx_vector_array outputs = default;
        try
        {
            MlxError.ThrowIfFailed(Mlxc.mlx_checkpoint(&checkpointed, closure.Handle), "mlx_checkpoint");
            GraphTraversal.Begin();
            CallbackErrors.ThrowIfFailed(Mlxc.mlx_closure_apply(&outputs, checkpointed, arguments.Handle), "mlx_closure_apply");
            return new VectorArray(outputs).ToArrays();
        }
        finally
        {
            new VectorArray(outputs).Dispose();
            if (checkpointed.ctx != null)
            {
                _ = Mlxc.mlx_closure_free(checkpointed);
            }
        }
    }
}
