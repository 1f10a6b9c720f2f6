using System.Diagnostics.CodeAnalysis;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Fast
    {
        /// <summary>Makes a kernel from the body of a Metal function.</summary>
        /// <param name="name">Name of the kernel.</param>
        /// <param name="inputNames">Names under which the source reads the inputs.</param>
        /// <param name="outputNames">Names under which the source writes the outputs.</param>
        /// <param name="source">Body of the function in the Metal shading language; MLX generates its signature.</param>
        /// <param name="header">Source in front of the function, such as includes.</param>
        /// <param name="ensureRowContiguous">Whether inputs are made row-major first.</param>
        /// <param name="atomicOutputs">Whether outputs are atomic.</param>
        /// <returns>The kernel; dispose it when it is no longer needed.</returns>
        /// <exception cref="ArgumentException">A name is not ASCII, the source has a character outside comments and strings that is not, or a '%'
        /// in the condition of a static_assert or enable_if has no parentheses around its right side.</exception>
        /// <exception cref="MlxException">MLX was built without Metal.</exception>
        /// <remarks>mlx.core.fast.metal_kernel; C: mlx_fast_metal_kernel_new. The source is compiled when the kernel is first evaluated; a mistake in
        /// it is then an <see cref="MlxException"/> with the compiler's text. MLX gets each '%' with a comment behind it, because mlx-c reports
        /// errors through printf: a quoted line shows it, and its columns count it.</remarks>
        public static MetalKernel MetalKernel(
            string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source,
            string header = "", bool ensureRowContiguous = true, bool atomicOutputs = false)
            => new(name, inputNames, outputNames, source, header, ensureRowContiguous, atomicOutputs);

        /// <summary>Makes a kernel from the body of a CUDA function.</summary>
        /// <param name="name">Name of the kernel.</param>
        /// <param name="inputNames">Names under which the source reads the inputs.</param>
        /// <param name="outputNames">Names under which the source writes the outputs.</param>
        /// <param name="source">Body of the function in CUDA C++; MLX generates its signature.</param>
        /// <param name="header">Source in front of the function, such as includes.</param>
        /// <param name="ensureRowContiguous">Whether inputs are made row-major first.</param>
        /// <param name="sharedMemory">Bytes of dynamic shared memory.</param>
        /// <returns>The kernel; dispose it when it is no longer needed.</returns>
        /// <exception cref="ArgumentException">A name is not ASCII, or a '%' in the condition of a static_assert or enable_if has no parentheses
        /// around its right side.</exception>
        /// <exception cref="MlxException">MLX was built without CUDA.</exception>
        /// <remarks>mlx.core.fast.cuda_kernel; C: mlx_fast_cuda_kernel_new. For '%' in the source see <see cref="MetalKernel"/>.</remarks>
        public static CudaKernel CudaKernel(
            string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source,
            string header = "", bool ensureRowContiguous = true, int sharedMemory = 0)
            => new(name, inputNames, outputNames, source, header, ensureRowContiguous, sharedMemory);

        /// <summary>Runs a CUDA kernel that was compiled before: not to be had through mlx-c.</summary>
        /// <exception cref="NotSupportedException">Always: mlx-c does not export the function.</exception>
        /// <remarks>mlx.core.fast.precompiled_cuda_kernel; no C function.</remarks>
        [DoesNotReturn]
        public static MlxArray[] PrecompiledCudaKernel() => throw new NotSupportedException(
            "mlx-c does not export mlx.core.fast.precompiled_cuda_kernel; use Mx.Fast.CudaKernel, which compiles source.");

        /// <summary>Cross entropy of class positions against unnormalised log-probabilities, accumulated in float32.</summary>
        /// <param name="logits">Floating array of shape [..., classes].</param>
        /// <param name="targets">Integer array of shape [...]: the class of each row.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>Loss of each row, shape [...], in the dtype of <paramref name="logits"/>.</returns>
        /// <exception cref="MlxException">The shapes do not agree.</exception>
        /// <remarks>mlx.core.fast.cross_entropy of MLX 0.32.2; C: mlx_fast_cross_entropy, on older mlx-c composed of
        /// mlx_logsumexp_axis and mlx_take_along_axis.</remarks>
        public static MlxArray CrossEntropy(MlxArray logits, MlxArray targets, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(logits);
            ArgumentNullException.ThrowIfNull(targets);
            IndexBounds.Classes(targets, logits, -1);
            if (HasNewer)
            {
                return Call.Two(&Mlxc.mlx_fast_cross_entropy, "mlx_fast_cross_entropy", logits, targets, stream);
            }

            using MlxArray wide = AsType(logits, DType.Float32, stream);
            using MlxArray column = ExpandDims(targets, -1, stream);
            using MlxArray picked = TakeAlongAxis(wide, column, -1, stream);
            using MlxArray score = Squeeze(picked, -1, stream);
            using MlxArray total = LogSumExp(wide, -1, stream: stream);
            using MlxArray loss = Subtract(total, score, stream);
            return AsType(loss, logits.DType, stream);
        }
    }
}
