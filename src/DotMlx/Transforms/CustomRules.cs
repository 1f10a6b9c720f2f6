using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// The function and the rules for one call of a custom function, as MLX closures. The results of the rules are checked, because MLX doesn't
/// check them.
/// </summary>
internal sealed unsafe class CustomRules(Func<MlxArray[], MlxArray[]> function, CustomVjp? vjp, CustomJvp? jvp, CustomVmap? vmap)
{
    private int _outputCount;

    internal MlxArray[] Call(MlxArray[] inputs)
    {
        MlxArray[] outputs = function(inputs);
        if (outputs is null || outputs.Length == 0)
        {
            throw new InvalidOperationException("A custom function must return at least one array.");
        }

        _outputCount = outputs.Length;
        return outputs;
    }

    internal mlx_closure_custom NewVjp()
    {
        mlx_closure_custom handle = Mlxc.mlx_closure_custom_new_func_payload(&InvokeVjp, NativeClosure.Payload(this),
            &NativeClosure.Release);
        return handle.ctx != null ? handle : throw MlxError.Fail("mlx_closure_custom_new_func_payload");
    }

    internal mlx_closure_custom_jvp NewJvp()
    {
        mlx_closure_custom_jvp handle = Mlxc.mlx_closure_custom_jvp_new_func_payload(&InvokeJvp, NativeClosure.Payload(this),
            &NativeClosure.Release);
        return handle.ctx != null ? handle : throw MlxError.Fail("mlx_closure_custom_jvp_new_func_payload");
    }

    internal mlx_closure_custom_vmap NewVmap()
    {
        mlx_closure_custom_vmap handle = Mlxc.mlx_closure_custom_vmap_new_func_payload(&InvokeVmap, NativeClosure.Payload(this),
            &NativeClosure.Release);
        return handle.ctx != null ? handle : throw MlxError.Fail("mlx_closure_custom_vmap_new_func_payload");
    }

    private MlxArray[] Vjp(MlxArray[] primals, MlxArray[] cotangents, MlxArray[] outputs)
    {
        MlxArray[] gradients = vjp!(primals, cotangents, outputs);
        CheckCount("vjp", gradients, primals.Length, "argument");
        for (int i = 0; i < gradients.Length; i++)
        {
            if (!gradients[i].Shape.SequenceEqual(primals[i].Shape))
            {
                throw new InvalidOperationException(
                    $"The vjp of a custom function returned shape {ShapeText.Of(gradients[i])} for "
                    + $"argument {i}, which has shape {ShapeText.Of(primals[i])}.");
            }
        }

        return gradients;
    }

    private MlxArray[] Jvp(MlxArray[] primals, MlxArray[] given, ReadOnlySpan<int> argnums)
    {
        MlxArray?[] tangents = new MlxArray?[primals.Length];
        for (int i = 0; i < argnums.Length; i++)
        {
            // Higher numbers refer to the outputs, which MLX counts among the primitive's inputs.
            if (argnums[i] < tangents.Length)
            {
                tangents[argnums[i]] = given[i];
            }
        }

        MlxArray[] results = jvp!(primals, tangents);
        CheckCount("jvp", results, _outputCount, "output");
        return results;
    }

    private (MlxArray[] Outputs, int[] Axes) Vmap(MlxArray[] inputs, ReadOnlySpan<int> axes)
    {
        int?[] given = new int?[inputs.Length];
        for (int i = 0; i < given.Length; i++)
        {
            given[i] = axes[i] < 0 ? null : axes[i];
        }

        (MlxArray[] outputs, int?[] outAxes) = vmap!(inputs, given);
        CheckCount("vmap", outputs, _outputCount, "output");
        if (outAxes is null || outAxes.Length != outputs.Length)
        {
            throw new InvalidOperationException("The vmap of a custom function must return one axis (or null) for every output.");
        }

        return (outputs, Array.ConvertAll(outAxes, axis => axis ?? -1));
    }

    private static void CheckCount(string rule, MlxArray[] results, int expected, string per)
    {
        if (results is null || results.Length != expected || results.Contains(null!))
        {
            throw new InvalidOperationException(
                $"The {rule} of a custom function must return one array for every {per}, {expected} in all, but "
                + $"returned {(results is null ? "null" : results.Length)}.");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int InvokeVjp(
        mlx_vector_array* result, mlx_vector_array primals, mlx_vector_array cotangents, mlx_vector_array outputs, void* payload) =>
        CallbackErrors.Run(() =>
        {
            MlxArray[][] given = [[], [], []];
            try
            {
                given = [NativeClosure.Borrow(primals), NativeClosure.Borrow(cotangents), NativeClosure.Borrow(outputs)];
                NativeClosure.Return(result, NativeClosure.Target<CustomRules>(payload).Vjp(given[0], given[1], given[2]));
            }
            finally
            {
                Array.ForEach(given, NativeClosure.DisposeAll);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int InvokeJvp(
        mlx_vector_array* result, mlx_vector_array primals, mlx_vector_array tangents, int* argnums, nuint count, void* payload) =>
        CallbackErrors.Run(() =>
        {
            MlxArray[][] given = [[], []];
            try
            {
                given = [NativeClosure.Borrow(primals), NativeClosure.Borrow(tangents)];
                NativeClosure.Return(
                    result, NativeClosure.Target<CustomRules>(payload).Jvp(given[0], given[1], new ReadOnlySpan<int>(argnums, (int)count)));
            }
            finally
            {
                Array.ForEach(given, NativeClosure.DisposeAll);
            }
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int InvokeVmap(
        mlx_vector_array* result, mlx_vector_int* resultAxes, mlx_vector_array inputs, int* axes, nuint count, void* payload) =>
        CallbackErrors.Run(() =>
        {
            MlxArray[] given = [];
            try
            {
                given = NativeClosure.Borrow(inputs);
                (MlxArray[] outputs, int[] outAxes) =
                    NativeClosure.Target<CustomRules>(payload).Vmap(given, new ReadOnlySpan<int>(axes, (int)count));
                fixed (int* first = outAxes)
                {
                    *resultAxes = Mlxc.mlx_vector_int_new_data(first, (nuint)outAxes.Length);
                }

                NativeClosure.Return(result, outputs);
            }
            finally
            {
                NativeClosure.DisposeAll(given);
            }
        });
}
