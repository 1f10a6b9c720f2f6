using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// The scalars of an update rule, broadcast to one shape. MLX broadcasts a scalar anew for every operation, which makes a node of its own;
/// parameters of the same shape share these nodes instead. They live as long as the update.
/// </summary>
internal sealed unsafe class SpreadScalars(int[] shape, Arithmetic x)
{
    // A rule has half a dozen, which are looked through faster than a dictionary is asked.
    private readonly List<(object Scalar, DType DType, mlx_array Array)> _arrays = [];

    public ReadOnlySpan<int> Shape => shape;

    /// <summary>A scalar in this shape.</summary>
    /// <param name="scalar">What tells it from others.</param>
    /// <param name="dtype">Its type.</param>
    /// <param name="handle">The scalar itself.</param>
    public mlx_array Get(object scalar, DType dtype, mlx_array handle)
    {
        foreach ((object known, DType knownType, mlx_array array) in CollectionsMarshal.AsSpan(_arrays))
        {
            if (ReferenceEquals(known, scalar) && knownType == dtype)
            {
                return array;
            }
        }

        mlx_array result = default;
        fixed (int* sizes = shape)
        {
            int status = Mlxc.mlx_broadcast_to(&result, handle, sizes, (nuint)shape.Length, x.Stream);
            _arrays.Add((scalar, dtype, x.Result(status, result, "mlx_broadcast_to").Handle));
        }

        return result;
    }
}
