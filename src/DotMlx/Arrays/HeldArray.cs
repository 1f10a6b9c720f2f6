using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// An additional reference to an array's native array. It keeps the elements readable while the program's code or many other calls run,
/// regardless of what happens to the array in the meantime.
/// </summary>
internal readonly unsafe ref struct HeldArray : IDisposable
{
    internal HeldArray(MlxArray array) => Handle = array.NewHandle();

    internal mlx_array Handle { get; }

    internal DType DType => (DType)Mlxc.mlx_array_dtype(Handle);

    internal long Size => (long)Mlxc.mlx_array_size(Handle);

    internal long NBytes => (long)Mlxc.mlx_array_nbytes(Handle);

    internal ReadOnlySpan<int> Shape => new(Mlxc.mlx_array_shape(Handle), (int)Mlxc.mlx_array_ndim(Handle));

    /// <summary>The strides in elements; valid only after <see cref="Data"/> was called.</summary>
    internal ReadOnlySpan<long> Strides => new(Mlxc.mlx_array_strides(Handle), (int)Mlxc.mlx_array_ndim(Handle));

    /// <summary>Whether the elements are in row-major order without gaps; valid only after <see cref="Data"/> was called.</summary>
    internal bool IsRowMajor
    {
        get
        {
            ReadOnlySpan<int> shape = Shape;
            ReadOnlySpan<long> strides = Strides;
            long run = 1;
            for (int i = shape.Length - 1; i >= 0; i--)
            {
                if (shape[i] != 1 && strides[i] != run)
                {
                    return false;
                }

                run *= shape[i];
            }

            return true;
        }
    }

    /// <summary>Evaluates the array and returns the first byte of its storage, which is valid until this is disposed.</summary>
    internal byte* Data() => DataOf(Handle);

    /// <summary>Evaluates an array and returns the first byte of its storage.</summary>
    internal static byte* DataOf(mlx_array array)
    {
        Evaluation.EvalToRead(array);

        // One accessor serves all types: MLX only casts the pointer.
        byte* data = Mlxc.mlx_array_data_uint8(array);
        return data != null ? data : throw MlxError.Fail("mlx_array_data_uint8");
    }

    public void Dispose() => NativeFree.Free(Handle.ctx);
}
