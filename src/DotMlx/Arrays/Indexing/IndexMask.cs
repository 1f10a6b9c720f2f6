using DotMlx.Bindings;

namespace DotMlx;

/// <summary>Writes with a boolean mask over the leading axes.</summary>
internal static unsafe class IndexMask
{
    internal static bool IsMask(MlxIndex index) =>
        index.Kind == MlxIndex.EntryKind.Mask
        || (index.Kind == MlxIndex.EntryKind.Array && index.Array.DType == DType.Bool);

    internal static MlxArray Write(MlxArray array, MlxIndex index, MlxArray value)
    {
        using var mask = new Chain(array);
        mask.Become(index.Kind == MlxIndex.EntryKind.Mask ? MlxArray.Create(index.Mask) : index.Array.Share());
        int[] shape = array.ShapeArray;
        int covered = mask.Value.NDim;
        if (covered > shape.Length || !mask.Value.Shape.SequenceEqual(shape.AsSpan(0, covered)))
        {
            throw new ArgumentException($"A mask of shape {ShapeText.Of(mask.Value)} does not match the leading dimensions of an array of "
                + $"shape {ShapeText.Of(array)}.", nameof(index));
        }

        using var update = new Chain(value);
        if (value.IsWeakScalar)
        {
            update.Become(NativeCall.AsOperand(value, array.DType));
        }

        int[] rest = shape[covered..];
        IndexWriter.DropLeadingOnes(update, rest.Length);
        if (update.Value.NDim > rest.Length)
        {
            return ScatterRows(array, mask.Value, update, rest);
        }

        if (!Broadcasting.Fits(update.Value.ShapeArray, rest))
        {
            throw Misfit(value, rest, array);
        }

        mask.Become(Mx.Reshape(mask.Value, [.. mask.Value.Shape, .. Enumerable.Repeat(1, rest.Length)]));
        update.Become(update.Value.AsType(array.DType));
        return Mx.Where(mask.Value, update.Value, array);
    }

    // Writes one row of values for each position that the mask selects, in order; excess rows are ignored, as in Python.
    private static MlxArray ScatterRows(MlxArray array, MlxArray mask, Chain update, int[] rest)
    {
        int[] given = update.Value.ShapeArray;
        if (given.Length != rest.Length + 1 || !Broadcasting.Fits(given.AsSpan(1), rest))
        {
            throw Misfit(update.Value, rest, array);
        }

        if (Evaluation.CanRead(mask))
        {
            int selected = mask.ToArray<bool>().Count(static chosen => chosen);
            if (selected > given[0])
            {
                throw new ArgumentException($"The mask selects {selected} positions, but the value of shape {ShapeText.Of(given)} has "
                    + $"only {given[0]} rows.", nameof(update));
            }
        }

        int[] exact = [given[0], .. rest];
        if (!given.AsSpan().SequenceEqual(exact))
        {
            update.Become(Mx.BroadcastTo(update.Value, exact));
        }

        mlx_array result = default;
        int status = Mlxc.mlx_masked_scatter(&result, array.Handle, mask.Handle, update.Value.Handle, NativeCall.Stream(null));
        GC.KeepAlive(array);
        GC.KeepAlive(mask);
        GC.KeepAlive(update.Value);
        return NativeCall.Result(status, result, "mlx_masked_scatter");
    }

    private static ArgumentException Misfit(MlxArray value, int[] rest, MlxArray array) => new(
        $"A value of shape {ShapeText.Of(value)} fits neither one masked position, {ShapeText.Of(rest)}, nor rows of them, in an array of "
        + $"shape {ShapeText.Of(array)}.", nameof(value));
}
