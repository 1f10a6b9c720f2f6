using DotMlx.Bindings;

namespace DotMlx;

/// <summary>An array of one dimension that others are parts of. It becomes another one with every update; then earlier parts are its no longer.</summary>
internal sealed class FlatArray(MlxArray array)
{
    internal MlxArray Array { get; private set; } = array;

    /// <summary>How often it has become another one.</summary>
    internal int Version { get; private set; }

    /// <summary>Becomes another array, which it owns.</summary>
    /// <param name="next">The array.</param>
    /// <param name="frees">Whether nobody uses the array that this has been.</param>
    internal void Become(MlxArray next, bool frees)
    {
        Version++;
        if (frees)
        {
            Array.Dispose();
        }

        Array = next;
    }
}

/// <summary>
/// A part of a flat array: what a leaf shows instead of an array until somebody looks, and what an array that was made so remembers
/// (<see cref="MlxArray.Part"/>) until it is changed in place.
/// </summary>
internal sealed unsafe class FlatPart(FlatArray flat, int[] shape, long offset) : LeafView
{
    private readonly int _version = flat.Version;

    internal FlatArray Flat => flat;

    internal int[] Shape => shape;

    internal long Offset => offset;

    /// <summary>Whether an array that was made as this part still is one.</summary>
    internal bool IsCurrent => _version == flat.Version && !flat.Array.IsDisposed;

    internal override MlxArray Whole => flat.Array;

    internal override MlxArray Make()
    {
        MlxArray array = MlxArray.CreateUnscoped(View());
        array.Part = new FlatPart(flat, shape, offset);
        return array;
    }

    /// <summary>The part as a handle, which the caller owns.</summary>
    internal mlx_array View()
    {
        Span<long> strides = stackalloc long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        mlx_array result = default;
        fixed (int* sizes = shape)
        fixed (long* steps = strides)
        {
            int status = Mlxc.mlx_as_strided(
                &result, flat.Array.Handle, sizes, (nuint)shape.Length, steps, (nuint)strides.Length, (nuint)offset, Op.Stream(null));
            GC.KeepAlive(flat);
            MlxError.ThrowIfFailed(status, "mlx_as_strided");
        }

        return result;
    }

    /// <summary>The flat array that the given parts are all of, one after the other; null where there is none.</summary>
    internal static FlatArray? Together(IEnumerable<FlatPart?> parts)
    {
        FlatArray? whole = null;
        long end = 0;
        foreach (FlatPart? part in parts)
        {
            if (part is null || part.Offset != end || (whole is not null && part.Flat != whole))
            {
                return null;
            }

            whole = part.Flat;
            end += SizeOf(part.Shape);
        }

        return whole is not null && whole.Array.Size == end ? whole : null;
    }

    internal static long SizeOf(int[] shape)
    {
        long size = 1;
        foreach (int side in shape)
        {
            size *= side;
        }

        return size;
    }
}
