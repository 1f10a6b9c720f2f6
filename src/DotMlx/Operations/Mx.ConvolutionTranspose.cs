using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Transposed convolution over 1 spatial axis.</summary>
    /// <param name="input">An array of shape [batch, length, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, length, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel.</param>
    /// <param name="padding">The number of zeros added on both sides.</param>
    /// <param name="dilation">The distance between the elements of the kernel.</param>
    /// <param name="outputPadding">The number of elements added at the end of the output.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, length, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv_transpose1d; C: mlx_conv_transpose1d.</remarks>
    public static MlxArray ConvTranspose1d(
        MlxArray input, MlxArray weight, int stride = 1, int padding = 0, int dilation = 1, int outputPadding = 0, int groups = 1,
        MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        CheckTransposed(input, weight, [stride], [padding], [dilation], [outputPadding]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv_transpose1d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), stride, padding, dilation, outputPadding, groups,
            NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv_transpose1d"), groups, stream);
    }

    /// <summary>Transposed convolution over 2 spatial axes.</summary>
    /// <param name="input">An array of shape [batch, height, width, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, height, width, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="padding">The number of zeros added on both sides of each axis, or one number for all axes.</param>
    /// <param name="dilation">The distance between the elements of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="outputPadding">The number of elements added at the end of each axis of the output; null for none.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, height, width, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv_transpose2d; C: mlx_conv_transpose2d.</remarks>
    public static MlxArray ConvTranspose2d(
        MlxArray input, MlxArray weight, Size2D? stride = null, Size2D padding = default, Size2D? dilation = null,
        Size2D outputPadding = default, int groups = 1, MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        Size2D s = stride ?? 1;
        Size2D p = padding;
        Size2D d = dilation ?? 1;
        Size2D o = outputPadding;
        CheckTransposed(
            input, weight, [s.Height, s.Width], [p.Height, p.Width], [d.Height, d.Width], [o.Height, o.Width]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv_transpose2d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), s.Height, s.Width, p.Height, p.Width,
            d.Height, d.Width, o.Height, o.Width, groups, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv_transpose2d"), groups, stream);
    }

    /// <summary>Transposed convolution over 3 spatial axes.</summary>
    /// <param name="input">An array of shape [batch, depth, height, width, channelsIn].</param>
    /// <param name="weight">The kernels, of shape [channelsOut, depth, height, width, channelsIn / groups].</param>
    /// <param name="stride">The stride of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="padding">The number of zeros added on both sides of each axis, or one number for all axes.</param>
    /// <param name="dilation">The distance between the elements of the kernel in each axis, or one number for all axes; null for 1.</param>
    /// <param name="outputPadding">The number of elements added at the end of each axis of the output; null for none.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="stream">Stream to run on; null for the default stream.</param>
    /// <returns>An array of shape [batch, depth, height, width, channelsOut].</returns>
    /// <exception cref="MlxException">The shapes don't match.</exception>
    /// <remarks>mlx.core.conv_transpose3d; C: mlx_conv_transpose3d.</remarks>
    public static MlxArray ConvTranspose3d(
        MlxArray input, MlxArray weight, Size3D? stride = null, Size3D padding = default, Size3D? dilation = null,
        Size3D outputPadding = default, int groups = 1, MlxStream? stream = null)
    {
        CheckConvolution(input, weight, groups);
        Size3D s = stride ?? 1;
        Size3D p = padding;
        Size3D d = dilation ?? 1;
        Size3D o = outputPadding;
        CheckTransposed(
            input, weight, [s.Depth, s.Height, s.Width], [p.Depth, p.Height, p.Width], [d.Depth, d.Height, d.Width],
            [o.Depth, o.Height, o.Width]);
        MlxArray x = MappedForGroups(input, groups, stream), w = MappedForGroups(weight, groups, stream);
        mlx_array result = default;
        int status = Mlxc.mlx_conv_transpose3d(
            &result, NativeCall.Handle(x), NativeCall.Handle(w), s.Depth, s.Height, s.Width, p.Depth, p.Height, p.Width,
            d.Depth, d.Height, d.Width, o.Depth, o.Height, o.Width, groups, NativeCall.Stream(stream));
        GC.KeepAlive(x);
        GC.KeepAlive(w);
        return MappedForGroups(NativeCall.Result(status, result, "mlx_conv_transpose3d"), groups, stream);
    }
}
