using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Quantizes the rows of a matrix to a few bits per element.</summary>
    /// <param name="w">A floating-point array with at least two axes; the group size must divide the last one.</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"affine", "mxfp4", "mxfp8", or "nvfp4".</param>
    /// <param name="globalScale">The scale of the whole matrix, for "nvfp4"; null for none.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>The packed weights (uint32), the scales, and the biases, which only "affine" has.</returns>
    /// <exception cref="MlxException">The shape, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.quantize; C: mlx_quantize.</remarks>
    public static (MlxArray W, MlxArray Scales, MlxArray? Biases) Quantize(
        MlxArray w, int? groupSize = null, int? bits = null, string mode = "affine", MlxArray? globalScale = null,
        MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(w);
        if (w.DType == DType.Float64)
        {
            // MLX would report this only during evaluation, as an error that can't be caught.
            throw new MlxException("[quantize] Not supported for float64; convert the weights with AsType(DType.Float32).", "mlx_quantize");
        }

        CheckPacked(w, groupSize, bits, "quantize");
        using NativeText modeText = new(mode, nameof(mode));
        mlx_vector_array results = default;
        int status = Mlxc.mlx_quantize(
            &results, NativeCall.Handle(w), NativeCall.Optional(groupSize), NativeCall.Optional(bits), modeText.Pointer,
            NativeCall.HandleOrNull(globalScale), NativeCall.Stream(stream));
        GC.KeepAlive(w);
        GC.KeepAlive(globalScale);
        MlxArray[] parts = NativeCall.Arrays(status, results, "mlx_quantize");
        return (parts[0], parts[1], parts.Length > 2 ? parts[2] : null);
    }

    /// <summary>Unpacks the result of <see cref="Quantize"/>.</summary>
    /// <param name="w">Packed weights, uint32.</param>
    /// <param name="scales">The scales of the groups.</param>
    /// <param name="biases">The biases of the groups, for "affine"; null for none.</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"affine", "mxfp4", "mxfp8", or "nvfp4".</param>
    /// <param name="globalScale">The scale of the whole matrix, for "nvfp4"; null for none.</param>
    /// <param name="dtype">The dtype of the result; null for MLX's choice.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A floating-point array.</returns>
    /// <exception cref="MlxException">The shapes, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.dequantize; C: mlx_dequantize.</remarks>
    public static MlxArray Dequantize(
        MlxArray w, MlxArray scales, MlxArray? biases = null, int? groupSize = null, int? bits = null, string mode = "affine",
        MlxArray? globalScale = null, DType? dtype = null, MlxStream? stream = null)
    {
        CheckPacked(w, groupSize, bits, "dequantize");
        using NativeText modeText = new(mode, nameof(mode));
        mlx_array result = default;
        int status = Mlxc.mlx_dequantize(
            &result, NativeCall.Handle(w), NativeCall.Handle(scales), NativeCall.HandleOrNull(biases), NativeCall.Optional(groupSize),
            NativeCall.Optional(bits),
            modeText.Pointer, NativeCall.HandleOrNull(globalScale), NativeCall.Optional(dtype), NativeCall.Stream(stream));
        GC.KeepAlive(w);
        GC.KeepAlive(scales);
        GC.KeepAlive(biases);
        GC.KeepAlive(globalScale);
        return NativeCall.Result(status, result, "mlx_dequantize");
    }

    /// <summary>Matrix product with a quantized matrix.</summary>
    /// <param name="x">A floating-point array of shape [..., m, k].</param>
    /// <param name="w">Packed weights, uint32.</param>
    /// <param name="scales">The scales of the groups.</param>
    /// <param name="biases">The biases of the groups, for "affine"; null for none.</param>
    /// <param name="transpose">Whether to multiply by the transposed matrix, in which case w has shape [n, k].</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"affine", "mxfp4", "mxfp8", or "nvfp4".</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [..., m, n].</returns>
    /// <exception cref="MlxException">The shapes, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.quantized_matmul; C: mlx_quantized_matmul.</remarks>
    public static MlxArray QuantizedMatMul(
        MlxArray x, MlxArray w, MlxArray scales, MlxArray? biases = null, bool transpose = true, int? groupSize = null,
        int? bits = null, string mode = "affine", MlxStream? stream = null)
    {
        CheckPacked(w, groupSize, bits, "quantized_matmul");
        CheckMatrices(x, w, "quantized_matmul");
        if (DotMlx.Trace.IsVectorizing)
        {
            // MLX has no rule for vmap (0.31.2).
            using MlxScope scope = MlxScope.Begin();
            MlxArray full = Dequantize(w, scales, biases, groupSize, bits, mode, dtype: x.DType, stream: stream);
            return scope.Keep(MatMul(x, transpose ? SwapAxes(full, -1, -2, stream) : full, stream));
        }

        using NativeText modeText = new(mode, nameof(mode));
        mlx_array result = default;
        int status = Mlxc.mlx_quantized_matmul(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), NativeCall.Handle(scales), NativeCall.HandleOrNull(biases),
            NativeCall.Byte(transpose),
            NativeCall.Optional(groupSize), NativeCall.Optional(bits), modeText.Pointer, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        GC.KeepAlive(scales);
        GC.KeepAlive(biases);
        return NativeCall.Result(status, result, "mlx_quantized_matmul");
    }

    /// <summary>Matrix products with quantized matrices that are selected by index.</summary>
    /// <param name="x">A floating-point array of shape [..., m, k].</param>
    /// <param name="w">Packed weights, uint32, with batch axes.</param>
    /// <param name="scales">The scales of the groups.</param>
    /// <param name="biases">The biases of the groups, for "affine"; null for none.</param>
    /// <param name="lhsIndices">Integer positions in the flattened batch of <paramref name="x"/>; null for all matrices in order.</param>
    /// <param name="rhsIndices">Integer positions in the flattened batch of <paramref name="w"/>; null for all matrices in order.</param>
    /// <param name="transpose">Whether to multiply by the transposed matrices.</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"affine", "mxfp4", "mxfp8", or "nvfp4".</param>
    /// <param name="sortedIndices">Whether the indices are known to be sorted, which allows a faster kernel.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose shape is the broadcast shape of the indices, followed by [m, n].</returns>
    /// <exception cref="MlxException">The shapes, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.gather_qmm; C: mlx_gather_qmm.</remarks>
    public static MlxArray GatherQMM(
        MlxArray x, MlxArray w, MlxArray scales, MlxArray? biases = null, MlxArray? lhsIndices = null,
        MlxArray? rhsIndices = null, bool transpose = true, int? groupSize = null, int? bits = null, string mode = "affine",
        bool sortedIndices = false, MlxStream? stream = null)
    {
        CheckPacked(w, groupSize, bits, "gather_qmm");
        CheckMatrices(x, w, "gather_qmm");
        IndexBounds.Matrices(lhsIndices, x);
        IndexBounds.Matrices(rhsIndices, w);
        if (DotMlx.Trace.IsVectorizing)
        {
            // MLX has no rule for vmap (0.31.2).
            using MlxScope scope = MlxScope.Begin();
            MlxArray full = Dequantize(w, scales, biases, groupSize, bits, mode, dtype: x.DType, stream: stream);
            MlxArray matrices = transpose ? SwapAxes(full, -1, -2, stream) : full;
            return scope.Keep(GatherMM(x, matrices, lhsIndices, rhsIndices, sortedIndices, stream));
        }

        using NativeText modeText = new(mode, nameof(mode));
        mlx_array result = default;
        int status = Mlxc.mlx_gather_qmm(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), NativeCall.Handle(scales), NativeCall.HandleOrNull(biases),
            NativeCall.HandleOrNull(lhsIndices),
            NativeCall.HandleOrNull(rhsIndices), NativeCall.Byte(transpose), NativeCall.Optional(groupSize), NativeCall.Optional(bits),
            modeText.Pointer, NativeCall.Byte(sortedIndices), NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        GC.KeepAlive(scales);
        GC.KeepAlive(biases);
        GC.KeepAlive(lhsIndices);
        GC.KeepAlive(rhsIndices);
        return NativeCall.Result(status, result, "mlx_gather_qmm");
    }

    /// <summary>Matrix product in which both operands are quantized; <paramref name="x"/> is quantized during the call.</summary>
    /// <param name="x">A floating-point array of shape [..., m, k].</param>
    /// <param name="w">Packed weights (uint32) with scales, or a floating-point matrix, of shape [n, k].</param>
    /// <param name="scales">The scales of the groups; null if <paramref name="w"/> isn't packed.</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"nvfp4" or "mxfp8".</param>
    /// <param name="globalScaleX">The scale of the whole <paramref name="x"/>, for "nvfp4"; null for none.</param>
    /// <param name="globalScaleW">The scale of the whole <paramref name="w"/>, for "nvfp4"; null for none.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [..., m, n].</returns>
    /// <exception cref="MlxException">The shapes, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.qqmm; C: mlx_qqmm.</remarks>
    public static MlxArray QQMM(
        MlxArray x, MlxArray w, MlxArray? scales = null, int? groupSize = null, int? bits = null, string mode = "nvfp4",
        MlxArray? globalScaleX = null, MlxArray? globalScaleW = null, MlxStream? stream = null)
    {
        CheckPacked(w, groupSize, bits, "qqmm");
        CheckMatrices(x, w, "qqmm");
        using NativeText modeText = new(mode, nameof(mode));
        mlx_array result = default;
        int status = Mlxc.mlx_qqmm(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), NativeCall.HandleOrNull(scales), NativeCall.Optional(groupSize),
            NativeCall.Optional(bits),
            modeText.Pointer, NativeCall.HandleOrNull(globalScaleX), NativeCall.HandleOrNull(globalScaleW), NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        GC.KeepAlive(scales);
        GC.KeepAlive(globalScaleX);
        GC.KeepAlive(globalScaleW);
        return NativeCall.Result(status, result, "mlx_qqmm");
    }

    /// <summary>Matrix products in which both operands are quantized, with matrices that are selected by index.</summary>
    /// <param name="x">A floating-point array of shape [..., m, k].</param>
    /// <param name="w">Packed weights, uint32, with batch axes.</param>
    /// <param name="scales">The scales of the groups.</param>
    /// <param name="lhsIndices">Integer positions in the flattened batch of <paramref name="x"/>; null for all matrices in order.</param>
    /// <param name="rhsIndices">Integer positions in the flattened batch of <paramref name="w"/>; null for all matrices in order.</param>
    /// <param name="groupSize">The number of elements that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per element; null for the default of the mode.</param>
    /// <param name="mode">"nvfp4" or "mxfp8".</param>
    /// <param name="globalScaleX">The scale of the whole <paramref name="x"/>, for "nvfp4"; null for none.</param>
    /// <param name="globalScaleW">The scale of the whole <paramref name="w"/>, for "nvfp4"; null for none.</param>
    /// <param name="sortedIndices">Whether the indices are known to be sorted, which allows a faster kernel.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array whose shape is the broadcast shape of the indices, followed by [m, n].</returns>
    /// <exception cref="NotSupportedException">The loaded mlx-c is older than v0.7.0.</exception>
    /// <exception cref="MlxException">The shapes, the sizes, and the mode don't match.</exception>
    /// <remarks>mlx.core.gather_qqmm of MLX 0.32.1; C: mlx_gather_qqmm.</remarks>
    public static MlxArray GatherQQMM(
        MlxArray x, MlxArray w, MlxArray scales, MlxArray? lhsIndices = null, MlxArray? rhsIndices = null,
        int? groupSize = null, int? bits = null, string mode = "nvfp4", MlxArray? globalScaleX = null,
        MlxArray? globalScaleW = null, bool sortedIndices = false, MlxStream? stream = null)
    {
        CheckPacked(w, groupSize, bits, "gather_qqmm");
        CheckMatrices(x, w, "gather_qqmm");
        IndexBounds.Matrices(lhsIndices, x);
        IndexBounds.Matrices(rhsIndices, w);
        using NativeText modeText = new(mode, nameof(mode));
        mlx_array result = default;
        int status = Mlxc.mlx_gather_qqmm(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), NativeCall.Handle(scales), NativeCall.HandleOrNull(lhsIndices),
            NativeCall.HandleOrNull(rhsIndices),
            NativeCall.Optional(groupSize), NativeCall.Optional(bits), modeText.Pointer, NativeCall.HandleOrNull(globalScaleX),
            NativeCall.HandleOrNull(globalScaleW), NativeCall.Byte(sortedIndices), NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        GC.KeepAlive(scales);
        GC.KeepAlive(lhsIndices);
        GC.KeepAlive(rhsIndices);
        GC.KeepAlive(globalScaleX);
        GC.KeepAlive(globalScaleW);
        return NativeCall.Result(status, result, "mlx_gather_qqmm");
    }

    /// <summary>Converts 8-bit floating-point numbers (E4M3) to another dtype.</summary>
    /// <param name="x">A uint8 array of any shape.</param>
    /// <param name="dtype">The dtype of the result; null for bfloat16.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
    /// <exception cref="MlxException">The array isn't uint8.</exception>
    /// <remarks>mlx.core.from_fp8; C: mlx_from_fp8.</remarks>
    public static MlxArray FromFp8(MlxArray x, DType? dtype = null, MlxStream? stream = null)
        => Convert(&Mlxc.mlx_from_fp8, "mlx_from_fp8", x, dtype ?? DType.BFloat16, stream);

    /// <summary>Converts numbers to 8-bit floating-point numbers (E4M3).</summary>
    /// <param name="x">A floating-point array of any shape.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>A uint8 array of the same shape as <paramref name="x"/>.</returns>
    /// <exception cref="MlxException">The array isn't floating-point.</exception>
    /// <remarks>mlx.core.to_fp8; C: mlx_to_fp8.</remarks>
    public static MlxArray ToFp8(MlxArray x, MlxStream? stream = null)
        => NativeCall.Unary(&Mlxc.mlx_to_fp8, "mlx_to_fp8", x, stream);

    /// <summary>Walsh-Hadamard transform of the last axis.</summary>
    /// <param name="a">A floating-point array whose last axis has size m * 2^k, where m is 1, 12, 20, or 28.</param>
    /// <param name="scale">The scale factor of the result; null for 1 / sqrt(size).</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
    /// <exception cref="MlxException">The last axis has another size.</exception>
    /// <remarks>mlx.core.hadamard_transform; C: mlx_hadamard_transform.</remarks>
    public static MlxArray HadamardTransform(MlxArray a, double? scale = null, MlxStream? stream = null)
    {
        mlx_array result = default;
        int status = Mlxc.mlx_hadamard_transform(&result, NativeCall.Handle(a), NativeCall.Optional((float?)scale),
            NativeCall.Stream(stream));
        GC.KeepAlive(a);
        return NativeCall.Result(status, result, "mlx_hadamard_transform");
    }

    // MLX counts the bits of a row, 32 per packed number, and divides by the size of a group.
    private static void CheckPacked(MlxArray w, int? groupSize, int? bits, string operation)
    {
        ArgumentNullException.ThrowIfNull(w);
        if (groupSize <= 0 || bits <= 0)
        {
            throw new ArgumentOutOfRangeException(
                groupSize <= 0 ? nameof(groupSize) : nameof(bits), groupSize <= 0 ? groupSize : bits,
                $"[{operation}] The group size and the number of bits must be positive; null selects the mode's default.");
        }

        if (w.NDim > 0 && w.Shape[^1] > int.MaxValue / 32)
        {
            throw SizeLimits.TooLong(32L * w.Shape[^1], operation, $"shape {ShapeText.Of(w)}, whose bits MLX counts");
        }
    }

    // MLX assumes that the last two axes exist.
    private static void CheckMatrices(MlxArray x, MlxArray w, string operation)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (w.NDim < 2 || x.NDim < (operation.StartsWith("gather", StringComparison.Ordinal) ? 2 : 1))
        {
            throw new ArgumentException(
                $"[{operation}] The weights must be matrices and the input must have rows, but the shapes "
                + $"are {ShapeText.Of(w)} and {ShapeText.Of(x)}.", w.NDim < 2 ? nameof(w) : nameof(x));
        }
    }
}
