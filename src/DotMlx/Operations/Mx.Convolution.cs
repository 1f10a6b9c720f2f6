using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Convolution over 1 spatial axis (cross-correlation: the kernel isn't flipped).</summary>
    /// <param name="input">An array of shape [batch, length, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, length, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel.</param>
    /// <param name="padding">The number of zeros added on both sides.</param>
    /// <param name="dilation">The distance between the elements of the kernel.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, length, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv1d; C: mlx_conv1d.</remarks>
    public static MlxArray Conv1d(
        MlxArray input, MlxArray weight, int stride = 1, int padding = 0, int dilation = 1, int groups = 1,
        MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        CheckSpatial(input, weight, [stride], [padding], [padding], [dilation], [1]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv1d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), stride, padding, dilation, groups, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv1d"), groups, stream);
    }

    /// <summary>Convolution over 2 spatial axes (cross-correlation: the kernel isn't flipped).</summary>
    /// <param name="input">An array of shape [batch, height, width, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, height, width, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="padding">The number of zeros added on both sides of each axis, or one number for all axes.</param>
    /// <param name="dilation">The distance between the elements of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, height, width, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv2d; C: mlx_conv2d.</remarks>
    public static MlxArray Conv2d(
        MlxArray input, MlxArray weight, Size2D? stride = null, Size2D padding = default, Size2D? dilation = null,
        int groups = 1, MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        Size2D s = stride ?? 1;
        Size2D p = padding;
        Size2D d = dilation ?? 1;
        CheckSpatial(input, weight, [s.Height, s.Width], [p.Height, p.Width], [p.Height, p.Width], [d.Height, d.Width], [1]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv2d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), s.Height, s.Width, p.Height, p.Width,
            d.Height, d.Width, groups, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv2d"), groups, stream);
    }

    /// <summary>Convolution over 3 spatial axes (cross-correlation: the kernel isn't flipped).</summary>
    /// <param name="input">An array of shape [batch, depth, height, width, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, depth, height, width, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="padding">The number of zeros added on both sides of each axis, or one number for all axes.</param>
    /// <param name="dilation">The distance between the elements of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, depth, height, width, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv3d; C: mlx_conv3d.</remarks>
    public static MlxArray Conv3d(
        MlxArray input, MlxArray weight, Size3D? stride = null, Size3D padding = default, Size3D? dilation = null,
        int groups = 1, MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        Size3D s = stride ?? 1;
        Size3D p = padding;
        Size3D d = dilation ?? 1;
        CheckSpatial(
            input, weight, [s.Depth, s.Height, s.Width], [p.Depth, p.Height, p.Width], [p.Depth, p.Height, p.Width],
            [d.Depth, d.Height, d.Width], [1]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv3d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), s.Depth, s.Height, s.Width, p.Depth, p.Height, p.Width,
            d.Depth, d.Height, d.Width, groups, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv3d"), groups, stream);
    }

    /// <summary>Convolution over one to three spatial axes, with the same stride, padding, and dilation in all axes.</summary>
    /// <param name="input">An array of shape [batch, spatial..., channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, spatial..., channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel.</param>
    /// <param name="padding">The number of zeros added on both sides.</param>
    /// <param name="kernelDilation">The distance between the elements of the kernel.</param>
    /// <param name="inputDilation">The distance between the elements of the input.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="flip">Whether to flip the kernel, as convolution in the strict sense does.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, spatial..., channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv_general; C: mlx_conv_general.</remarks>
    public static MlxArray ConvGeneral(
        MlxArray input, MlxArray weight, int stride = 1, int padding = 0, int kernelDilation = 1, int inputDilation = 1,
        int groups = 1, bool flip = false, MlxStream? stream = null)
        => ConvGeneral(input, weight, [stride], [padding], [padding], [kernelDilation], [inputDilation], groups, flip, stream);

    /// <summary>Convolution over one to three spatial axes, each with its own stride, padding, and dilation.</summary>
    /// <param name="input">An array of shape [batch, spatial..., channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, spatial..., channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel: one number per axis, one for all axes, or none for 1.</param>
    /// <param name="paddingLow">The number of zeros added before each axis: one per axis, one for all axes, or none for 0.</param>
    /// <param name="paddingHigh">The number of zeros added after each axis: one per axis, one for all axes, or none for 0.</param>
    /// <param name="kernelDilation">
    /// The distance between the elements of the kernel: one number per axis, one for all axes, or none for 1.
    /// </param>
    /// <param name="inputDilation">
    /// The distance between the elements of the input: one number per axis, one for all axes, or none for 1.
    /// </param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="flip">Whether to flip the kernel, as convolution in the strict sense does.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, spatial..., channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv_general; C: mlx_conv_general.</remarks>
    public static MlxArray ConvGeneral(
        MlxArray input, MlxArray weight, ReadOnlySpan<int> stride, ReadOnlySpan<int> paddingLow, ReadOnlySpan<int> paddingHigh,
        ReadOnlySpan<int> kernelDilation = default, ReadOnlySpan<int> inputDilation = default, int groups = 1, bool flip = false,
        MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        CheckSpatial(input, weight, stride, paddingLow, paddingHigh, kernelDilation, inputDilation);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        fixed (int* step = stride, low = paddingLow, high = paddingHigh, kernel = kernelDilation, spread = inputDilation)
        {
            int status = Mlxc.mlx_conv_general(
                &result, NativeCall.Handle(x), NativeCall.Handle(w), step, (nuint)stride.Length, low, (nuint)paddingLow.Length,
                high, (nuint)paddingHigh.Length, kernel, (nuint)kernelDilation.Length, spread, (nuint)inputDilation.Length,
                groups, NativeCall.Byte(flip), NativeCall.Stream(stream));
            GC.KeepAlive(x);
            GC.KeepAlive(w);
            return MappedForGroups(NativeCall.Result(status, result, "mlx_conv_general"), groups, stream);
        }
    }

    /// <summary>Discrete convolution of two vectors. The shorter one is the kernel and is flipped.</summary>
    /// <param name="a">An array with one axis.</param>
    /// <param name="v">An array with one axis.</param>
    /// <param name="mode">The part of the convolution to return.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array with one axis.</returns>
    /// <exception cref="ArgumentException">A vector is empty or has more than one axis, or the mode is unknown.</exception>
    /// <remarks>mlx.core.convolve; composed of mlx_slice, mlx_reshape, mlx_pad, and mlx_conv1d.</remarks>
    public static MlxArray Convolve(MlxArray a, MlxArray v, ConvolveMode mode = ConvolveMode.Full, MlxStream? stream = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(v);
        if (a.NDim != 1 || v.NDim != 1 || a.Size == 0 || v.Size == 0)
        {
            throw new ArgumentException(
                $"Convolve takes two nonempty vectors, but the shapes are {ShapeText.Of(a.Shape)} and {ShapeText.Of(v.Shape)}.");
        }

        (MlxArray signal, MlxArray kernel) = a.Size < v.Size ? (v, a) : (a, v);
        int length = (int)kernel.Size;
        (int before, int after) = mode switch
        {
            ConvolveMode.Full => (length - 1, length - 1),
            ConvolveMode.Valid => (0, 0),
            ConvolveMode.Same => (length / 2, (length - 1) / 2),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Use ConvolveMode.Full, Same, or Valid."),
        };
        using MlxArray row = Reshape(signal, [1, -1, 1], stream);
        using MlxArray flipped = Flip(kernel, 0, stream);
        using MlxArray weight = Reshape(flipped, [1, -1, 1], stream);
        using MlxArray? padded = before == after ? null : Pad(row, [(0, 0), (before, after), (0, 0)], stream: stream);
        using MlxArray result = Conv1d(padded ?? row, weight, padding: padded is null ? before : 0, stream: stream);
        return Reshape(result, [-1], stream);
    }

    // MLX's rule mixes the groups if only the weight is mapped (0.31.2). The result is mapped too, because its gradient is convolved.
    private static MlxArray MappedForGroups(MlxArray a, int groups, MlxStream? stream) =>
        groups > 1 ? Vectorization.Mapped(a, stream) : a;

    // MLX divides by the number of groups and by the number of channels.
    private static void CheckConvolution(MlxArray input, MlxArray weight, int groups)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        if (input.NDim > 0 && input.Shape[^1] == 0)
        {
            throw new ArgumentException($"The last axis holds the channels, but an input of shape {ShapeText.Of(input)} has none.",
                nameof(input));
        }
    }

    /// <summary>
    /// Checks the sizes that a convolution computes. One number stands for all axes; none stands for the neutral value.
    /// </summary>
    private static void CheckSpatial(
        MlxArray input, MlxArray weight, ReadOnlySpan<int> stride, ReadOnlySpan<int> low, ReadOnlySpan<int> high,
        ReadOnlySpan<int> kernelDilation, ReadOnlySpan<int> inputDilation)
    {
        for (int i = 0; i < Math.Min(input.NDim, weight.NDim) - 2; i++)
        {
            long step = Of(stride, i, 1);
            long apart = Of(kernelDilation, i, 1);
            long spread = Of(inputDilation, i, 1);
            ArgumentOutOfRangeException.ThrowIfLessThan(step, 1, nameof(stride));
            ArgumentOutOfRangeException.ThrowIfLessThan(apart, 1, nameof(kernelDilation));
            ArgumentOutOfRangeException.ThrowIfLessThan(spread, 1, nameof(inputDilation));
            _ = SizeLimits.Axis(((weight.Shape[i + 1] - 1) * apart) + 1, "conv", input, weight);
            long spreadInput = ((input.Shape[i + 1] - 1) * spread) + 1;
            _ = SizeLimits.Axis(spreadInput + Math.Max(Of(low, i, 0), 0) + Math.Max(Of(high, i, 0), 0), "conv", input, weight);
        }

        static long Of(ReadOnlySpan<int> given, int axis, long none)
            => given.IsEmpty ? none : given.Length == 1 ? given[0] : axis < given.Length ? given[axis] : none;
    }

    /// <summary>Checks a transposed convolution, which MLX computes as a convolution over a dilated input.</summary>
    private static void CheckTransposed(
        MlxArray input, MlxArray weight, ReadOnlySpan<int> stride, ReadOnlySpan<int> padding, ReadOnlySpan<int> dilation,
        ReadOnlySpan<int> outputPadding)
    {
        if (Math.Min(input.NDim, weight.NDim) < stride.Length + 2)
        {
            throw new ArgumentException(
                $"[conv_transpose] Input and weight must have a batch axis, {stride.Length} spatial axes, and a channel axis, but the "
                + $"shapes are {ShapeText.Of(input)} and {ShapeText.Of(weight)}.", nameof(input));
        }

        CheckSpatial(input, weight, [1], [0], [0], dilation, stride);
        for (int i = 0; i < Math.Min(Math.Min(input.NDim, weight.NDim) - 2, stride.Length); i++)
        {
            long kernel = ((weight.Shape[i + 1] - 1) * (long)dilation[i]) + 1;
            long spread = ((input.Shape[i + 1] - 1) * (long)stride[i]) + 1;
            _ = SizeLimits.Axis(spread + (2 * kernel) + Math.Max(outputPadding[i], 0) + (2L * Math.Max(-padding[i], 0)),
                "conv_transpose", input, weight);
        }
    }
}
