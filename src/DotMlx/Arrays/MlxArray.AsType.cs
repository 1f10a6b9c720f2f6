using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>
    /// Converts the elements to another type (<c>array.astype</c>); the values stay the same if the array already has that type.
    /// </summary>
    /// <param name="dtype">The element type of the result.</param>
    /// <param name="stream">The stream to run on; null for the default stream.</param>
    public MlxArray AsType(DType dtype, MlxStream? stream = null)
    {
        if (Weak is { } weak)
        {
            return weak.New(dtype);
        }

        mlx_array result = default;
        int status = Mlxc.mlx_astype(&result, Handle, (mlx_dtype)dtype, NativeCall.Stream(stream));
        GC.KeepAlive(this);
        return NativeCall.Result(status, result, "mlx_astype");
    }
}
