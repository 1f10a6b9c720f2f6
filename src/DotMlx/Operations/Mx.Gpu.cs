using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>What is special to Apple's GPUs (mlx.core.metal).</summary>
    public static unsafe partial class Metal
    {
        /// <summary>Whether MLX can run on a GPU through Metal.</summary>
        /// <returns>True on a Mac with an MLX built for it.</returns>
        /// <remarks>mlx.core.metal.is_available; C: mlx_metal_is_available.</remarks>
        public static bool IsAvailable()
        {
            byte result = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_metal_is_available(&result), "mlx_metal_is_available");
            return result != 0;
        }
    }

    /// <summary>What is special to NVIDIA's GPUs (mlx.core.cuda).</summary>
    public static unsafe partial class Cuda
    {
        /// <summary>Whether MLX can run on a GPU through CUDA.</summary>
        /// <returns>True where MLX was built for CUDA and a GPU is there.</returns>
        /// <remarks>mlx.core.cuda.is_available; C: mlx_cuda_is_available.</remarks>
        public static bool IsAvailable()
        {
            byte result = 0;
            MlxError.ThrowIfFailed(Mlxc.mlx_cuda_is_available(&result), "mlx_cuda_is_available");
            return result != 0;
        }
    }
}
