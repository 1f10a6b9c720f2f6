using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>The array with its elements converted (<c>array.astype</c>); the same values when it has that type already.</summary>
    /// <param name="dtype">The element type of the result.</param>
    /// <param name="stream">Where it runs; the default stream when null.</param>
    public MlxArray AsType(DType dtype, MlxStream? stream = null)
    {
        if (Weak is { } weak)
        {
            return weak.New(dtype);
        }

        mlx_array result = default;
        int status = Mlxc.mlx_astype(&result, Handle, (mlx_dtype)dtype, Op.Stream(stream));
        GC.KeepAlive(this);
        return Op.Result(status, result, "mlx_astype");
    }
}
