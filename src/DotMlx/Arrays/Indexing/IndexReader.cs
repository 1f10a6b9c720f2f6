using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Reads <c>a[…]</c> in three steps: one slice for positions and slices, one take or gather for arrays, and then a reordering of the axes.
/// </summary>
internal static unsafe class IndexReader
{
    internal static MlxArray Read(MlxArray array, ReadOnlySpan<MlxIndex> index)
    {
        using var plan = new IndexPlan(array, index);
        using var chain = new Chain(array);
        Cut(chain, plan);
        if (plan.HasArrays)
        {
            Gather(chain, plan);
        }
        else
        {
            Squeeze(chain, [.. plan.Entries.Where(IsPosition).Select(entry => entry.Axis)]);
        }

        Expand(chain, plan);
        return chain.Take();
    }

    private static void Cut(Chain chain, IndexPlan plan)
    {
        int rank = plan.Array.NDim;
        Span<int> start = stackalloc int[rank];
        Span<int> stop = stackalloc int[rank];
        Span<int> step = stackalloc int[rank];
        bool whole = true;
        foreach (IndexEntry entry in plan.Entries)
        {
            if (entry.Axis < 0)
            {
                continue;
            }

            int size = plan.SizeOf(entry);
            bool array = entry.Kind == IndexEntry.Kinds.Array;
            whole &= array || entry.IsWhole(size);
            start[entry.Axis] = array ? 0 : entry.Start;
            stop[entry.Axis] = array ? size : entry.NativeStop(size);
            step[entry.Axis] = entry.Step;
        }

        if (!whole)
        {
            mlx_array result = default;
            fixed (int* starts = start, stops = stop, steps = step)
            {
                int status = Mlxc.mlx_slice(
                    &result, chain.Value.Handle, starts, (nuint)rank, stops, (nuint)rank, steps, (nuint)rank, NativeCall.Stream(null));
                GC.KeepAlive(chain.Value);
                chain.Become(NativeCall.Result(status, result, "mlx_slice"));
            }
        }
    }

    private static void Gather(Chain chain, IndexPlan plan)
    {
        IndexEntry[] arrays = [.. plan.Entries.Where(static entry => entry.Kind == IndexEntry.Kinds.Array)];
        int gathered = plan.Gathered.Length;
        int at;
        if (arrays.Length == 1)
        {
            int axis = arrays[0].Axis;
            chain.Become(Take(chain.Value, arrays[0].Array!, axis));
            Squeeze(chain, [.. plan.Entries.Where(IsPosition).Select(entry => entry.Axis < axis ? entry.Axis : entry.Axis + gathered - 1)]);
            at = plan.Entries.Count(entry => entry.Kind == IndexEntry.Kinds.Slice && entry.Axis < axis);
        }
        else
        {
            chain.Become(Gather(chain.Value, arrays));
            Squeeze(chain, [.. plan.Entries.Where(static entry => entry.Kind is IndexEntry.Kinds.Array or IndexEntry.Kinds.Position)
                .Select(entry => gathered + entry.Axis)]);
            at = 0;
        }

        int target = plan.Joined
            ? plan.Entries.TakeWhile(static entry => entry.Kind is IndexEntry.Kinds.Slice or IndexEntry.Kinds.NewAxis)
                .Count(static entry => entry.Kind == IndexEntry.Kinds.Slice)
            : 0;
        if (at != target && gathered > 0)
        {
            List<int> axes = [.. Enumerable.Range(0, chain.Value.NDim)];
            axes.RemoveRange(at, gathered);
            axes.InsertRange(target, Enumerable.Range(at, gathered));
            chain.Become(Mx.Transpose(chain.Value, [.. axes]));
        }
    }

    private static MlxArray Take(MlxArray array, MlxArray positions, int axis)
    {
        mlx_array result = default;
        int status = Mlxc.mlx_take_axis(&result, array.Handle, positions.Handle, axis, NativeCall.Stream(null));
        GC.KeepAlive(array);
        GC.KeepAlive(positions);
        return NativeCall.Result(status, result, "mlx_take_axis");
    }

    private static MlxArray Gather(MlxArray array, IndexEntry[] arrays)
    {
        using var indices = VectorArray.From([.. arrays.Select(static entry => entry.Array!)]);
        int[] axes = [.. arrays.Select(static entry => entry.Axis)];
        int[] sizes = array.Shape.ToArray();
        foreach (int axis in axes)
        {
            sizes[axis] = 1;
        }

        mlx_array result = default;
        fixed (int* axis = axes, size = sizes)
        {
            int status = Mlxc.mlx_gather(
                &result, array.Handle, indices.Handle, axis, (nuint)axes.Length, size, (nuint)sizes.Length, NativeCall.Stream(null));
            GC.KeepAlive(array);
            return NativeCall.Result(status, result, "mlx_gather");
        }
    }

    private static bool IsPosition(IndexEntry entry) => entry.Kind == IndexEntry.Kinds.Position;

    private static void Squeeze(Chain chain, int[] axes)
    {
        if (axes.Length > 0)
        {
            chain.Become(Mx.Squeeze(chain.Value, axes));
        }
    }

    private static void Expand(Chain chain, IndexPlan plan)
    {
        int[] axes = [.. plan.Dimensions().Index().Where(static dimension => dimension.Item.IsNew)
            .Select(static dimension => dimension.Index)];
        if (axes.Length > 0)
        {
            chain.Become(Mx.ExpandDims(chain.Value, axes));
        }
    }
}
