using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// A one-dimensional array of which other arrays are parts. Every update replaces the array, so that parts created earlier no longer belong
/// to it.
/// </summary>
internal sealed class FlatArray(MlxArray array)
{
    internal MlxArray Array { get; private set; } = array;

    /// <summary>The number of times that the array has been replaced.</summary>
    internal int Version { get; private set; }

    /// <summary>Replaces the array by another one and takes ownership of that one.</summary>
    /// <param name="next">The new array.</param>
    /// <param name="frees">Whether nothing uses the previous array.</param>
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
/// A part of a flat array. It stands in for a leaf's array until the leaf is read. An array created from it refers to it (<see
/// cref="MlxArray.Part"/>) until that array is changed in place.
/// </summary>
internal sealed unsafe class FlatPart(FlatArray flat, int[] shape, long offset) : LeafView
{
    private readonly int _version = flat.Version;

    internal FlatArray Flat => flat;

    internal int[] Shape => shape;

    internal long Offset => offset;

    /// <summary>Whether an array created from this part still belongs to the flat array.</summary>
    internal bool IsCurrent => _version == flat.Version && !flat.Array.IsDisposed;

    internal override MlxArray Whole => flat.Array;

    internal override MlxArray Make()
    {
        MlxArray array = MlxArray.CreateUnscoped(View());
        array.Part = new FlatPart(flat, shape, offset);
        return array;
    }

    /// <summary>Creates a handle for the part, which the caller owns.</summary>
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
                &result, flat.Array.Handle, sizes, (nuint)shape.Length, steps, (nuint)strides.Length, (nuint)offset,
                NativeCall.Stream(null));
            GC.KeepAlive(flat);
            MlxError.ThrowIfFailed(status, "mlx_as_strided");
        }

        return result;
    }

    /// <summary>Returns the flat array that consists of exactly the given parts, in order, or null if there is none.</summary>
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
