using DotMlx.Bindings;

namespace DotMlx;

/// <content>The graphs that MLX keeps, and how their outputs become results.</content>
internal sealed unsafe partial class CompiledFunction
{
    private mlx_closure Specialize(ReadOnlySpan<ulong> constants)
    {
        MlxDevice device = Streams.DefaultDevice;
        for (int i = 0; i < _specializations.Count; i++)
        {
            Specialization known = _specializations[i];
            if (constants.SequenceEqual(known.Constants))
            {
                if (known.Settings == _settings && ReferenceEquals(known.Device, device))
                {
                    return known.Closure;
                }

                _ = Mlxc.mlx_closure_free(known.Closure);
                _specializations.RemoveAt(i);
                break;
            }
        }

        mlx_closure compiled = default;
        int current = _settings;
        fixed (ulong* first = constants)
        {
            MlxError.ThrowIfFailed(
                Mlxc.mlx_detail_compile(&compiled, _traced.Handle, _id, NativeCall.Byte(_shapeless), first, (nuint)constants.Length),
                "mlx_detail_compile");
        }

        _specializations.Insert(0, new Specialization(constants.ToArray(), compiled, current, device));
        return compiled;
    }

    /// <summary>
    /// Returns the signature for a structure. The graph outputs the signature's number as a constant, which <see cref="ReadMarker"/> reads
    /// on later calls.
    /// </summary>
    private Signature Sign(object? result, object?[] states)
    {
        foreach (Signature known in _signatures)
        {
            if (TreeDef.Same(known.Result, result) && TreeDef.Same(known.States, states))
            {
                return known;
            }
        }

        // Not a scalar, because MLX merges equal scalars and then loses those that are outputs. The marker outlives the scope of the call.
        MlxArray marker = MlxArray.Create<int>([_signatures.Count], 1);
        MlxScope.Detach(marker);
        Signature signature = new(result, states, marker);
        _signatures.Add(signature);
        return signature;
    }

    private static int ReadMarker(VectorArray results, int index)
    {
        mlx_array marker = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_vector_array_get(&marker, results.Handle, (nuint)index), "mlx_vector_array_get");
        int number = 0;
        int status = Mlxc.mlx_array_item_int32(&number, marker);
        _ = Mlxc.mlx_array_free(marker);
        MlxError.ThrowIfFailed(status, "mlx_array_item_int32");
        return number;
    }

    private sealed record Specialization(ulong[] Constants, mlx_closure Closure, int Settings, MlxDevice Device);

    /// <summary>How the result and the state are built from the outputs of one graph.</summary>
    private sealed record Signature(object? Result, object?[] States, MlxArray Marker);
}
