namespace DotMlx.NN;

/// <summary>A convolution over 1 spatial dimension, with input of shape (batch, length, channels) (<c>nn.Conv1d</c>).</summary>
public sealed class Conv1d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="bias">Whether to add a bias.</param>
    /// <exception cref="ArgumentException">The number of groups doesn't divide the input channels.</exception>
    public Conv1d(
        int inChannels, int outChannels, int kernelSize, int stride = 1, int padding = 0, int dilation = 1,
        int groups = 1, bool bias = true)
        : base(inChannels, outChannels, [kernelSize], groups, bias,
            (x, weight) => Mx.Conv1d(x, weight, stride, padding, dilation, groups),
            stride, padding, dilation, $"groups={groups}, ")
    {
    }
}

/// <summary>A convolution over 2 spatial dimensions, with input of shape (batch, height, width, channels) (<c>nn.Conv2d</c>).</summary>
public sealed class Conv2d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels; null for 1.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements; null for 1.</param>
    /// <param name="groups">The number of channel groups that are convolved separately.</param>
    /// <param name="bias">Whether to add a bias.</param>
    /// <exception cref="ArgumentException">The number of groups doesn't divide the input channels.</exception>
    public Conv2d(
        int inChannels, int outChannels, Size2D kernelSize, Size2D? stride = null, Size2D padding = default, Size2D? dilation = null,
        int groups = 1, bool bias = true)
        : base(inChannels, outChannels, kernelSize.ToArray(), groups, bias,
            (x, weight) => Mx.Conv2d(x, weight, stride ?? 1, padding, dilation ?? 1, groups),
            stride ?? 1, padding, dilation ?? 1, $"groups={groups}, ")
    {
    }
}

/// <summary>
/// A convolution over 3 spatial dimensions, with input of shape (batch, depth, height, width, channels) (<c>nn.Conv3d</c>).
/// </summary>
public sealed class Conv3d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels; null for 1.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements; null for 1.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public Conv3d(
        int inChannels, int outChannels, Size3D kernelSize, Size3D? stride = null, Size3D padding = default,
        Size3D? dilation = null, bool bias = true)
        : base(inChannels, outChannels, kernelSize.ToArray(), 1, bias,
            (x, weight) => Mx.Conv3d(x, weight, stride ?? 1, padding, dilation ?? 1),
            stride ?? 1, padding, dilation ?? 1, "")
    {
    }
}
