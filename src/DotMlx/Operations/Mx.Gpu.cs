using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Functions for Apple's GPUs (mlx.core.metal).</summary>
    public static unsafe partial class Metal
    {
        /// <summary>Whether MLX can run on a GPU through Metal.</summary>
        /// <returns>True on a Mac with an MLX that was built for Metal.</returns>
        /// <remarks>mlx.core.metal.is_available; C: mlx_metal_is_available.</remarks>
        public static bool IsAvailable()
        {
            byte result = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_is_available(&result), "mlx_metal_is_available");
            return result != 0;
        }
    }

    /// <summary>Functions for NVIDIA's GPUs (mlx.core.cuda).</summary>
    public static unsafe partial class Cuda
    {
        /// <summary>Whether MLX can run on a GPU through CUDA.</summary>
        /// <returns>True if MLX was built for CUDA and a GPU is present.</returns>
        /// <remarks>mlx.core.cuda.is_available; C: mlx_cuda_is_available.</remarks>
        public static bool IsAvailable()
        {
            byte result = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_cuda_is_available(&result), "mlx_cuda_is_available");
            return result != 0;
        }
    }
}
