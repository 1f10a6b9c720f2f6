using System.Diagnostics.CodeAnalysis;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    public static unsafe partial class Fast
    {
        /// <summary>Creates a kernel from the body of a Metal function.</summary>
        /// <param name="name">The name of the kernel.</param>
        /// <param name="inputNames">The names under which the source reads the inputs.</param>
        /// <param name="outputNames">The names under which the source writes the outputs.</param>
        /// <param name="source">The body of the function in the Metal shading language; MLX generates its signature.</param>
        /// <param name="header">Source before the function, such as includes.</param>
        /// <param name="ensureRowContiguous">Whether to make inputs row-major first.</param>
        /// <param name="atomicOutputs">Whether outputs are atomic.</param>
        /// <returns>The kernel; dispose it when it is no longer needed.</returns>
        /// <exception cref="ArgumentException">
        /// A name isn't ASCII, the source has a non-ASCII character outside comments and strings, it declares <c>operator%</c>, or a '%' in
        /// template arguments or in the condition of a static_assert or enable_if has no parentheses around its right side.
        /// </exception>
        /// <exception cref="MlxException">MLX was built without Metal.</exception>
        /// <remarks>
        /// mlx.core.fast.metal_kernel; C: mlx_fast_metal_kernel_new. The source is compiled when the kernel is first evaluated; an error in
        /// it then throws an <see cref="MlxException"/> with the compiler's message. MLX gets each '%' followed by a comment, because mlx-c
        /// reports errors through printf. Quoted lines show the comment, and column numbers count it.
        /// </remarks>
        public static MetalKernel MetalKernel(
            string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source,
            string header = "", bool ensureRowContiguous = true, bool atomicOutputs = false)
            => new(name, inputNames, outputNames, source, header, ensureRowContiguous, atomicOutputs);

        /// <summary>Creates a kernel from the body of a CUDA function.</summary>
        /// <param name="name">The name of the kernel.</param>
        /// <param name="inputNames">The names under which the source reads the inputs.</param>
        /// <param name="outputNames">The names under which the source writes the outputs.</param>
        /// <param name="source">The body of the function in CUDA C++; MLX generates its signature.</param>
        /// <param name="header">Source before the function, such as includes.</param>
        /// <param name="ensureRowContiguous">Whether to make inputs row-major first.</param>
        /// <param name="sharedMemory">The size of the dynamic shared memory in bytes.</param>
        /// <returns>The kernel; dispose it when it is no longer needed.</returns>
        /// <exception cref="ArgumentException">
        /// A name isn't ASCII, the source declares <c>operator%</c>, or a '%' in template arguments or in the condition of a static_assert
        /// or enable_if has no parentheses around its right side.
        /// </exception>
        /// <exception cref="MlxException">MLX was built without CUDA.</exception>
        /// <remarks>
        /// mlx.core.fast.cuda_kernel; C: mlx_fast_cuda_kernel_new. See <see cref="MetalKernel"/> about '%' in the source.
        /// </remarks>
        public static CudaKernel CudaKernel(
            string name, IReadOnlyList<string> inputNames, IReadOnlyList<string> outputNames, string source,
            string header = "", bool ensureRowContiguous = true, int sharedMemory = 0)
            => new(name, inputNames, outputNames, source, header, ensureRowContiguous, sharedMemory);

        /// <summary>Runs a CUDA kernel that is already compiled; not available through mlx-c.</summary>
        /// <exception cref="NotSupportedException">Always, because mlx-c doesn't export the function.</exception>
        /// <remarks>mlx.core.fast.precompiled_cuda_kernel; no C function.</remarks>
        [DoesNotReturn]
        public static MlxArray[] PrecompiledCudaKernel() => throw new NotSupportedException(
            "mlx-c does not export mlx.core.fast.precompiled_cuda_kernel; use Mx.Fast.CudaKernel, which compiles source.");

        /// <summary>Cross entropy of class indices and unnormalized log-probabilities, accumulated in float32.</summary>
        /// <param name="logits">A floating-point array of shape [..., classes].</param>
        /// <param name="targets">An integer array of shape [...]: the class of each row.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>The loss of each row, of shape [...], in the dtype of <paramref name="logits"/>.</returns>
        /// <exception cref="MlxException">The shapes don't match.</exception>
        /// <remarks>
        /// mlx.core.fast.cross_entropy of MLX 0.32.2; C: mlx_fast_cross_entropy; with an older mlx-c, composed of mlx_logsumexp_axis and
        /// mlx_take_along_axis.
        /// </remarks>
        public static MlxArray CrossEntropy(MlxArray logits, MlxArray targets, MlxStream? stream = null)
        {
            ArgumentNullException.ThrowIfNull(logits);
            ArgumentNullException.ThrowIfNull(targets);
            IndexBounds.Classes(targets, logits, -1);
            if (HasNewer)
            {
                return NativeCall.BinaryArrays(&Mlxc.mlx_fast_cross_entropy, "mlx_fast_cross_entropy", logits, targets, stream);
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
