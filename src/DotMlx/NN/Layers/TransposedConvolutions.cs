namespace DotMlx.NN;

/// <summary>
/// A transposed convolution over 1 spatial dimension, with input of shape (batch, length, channels) (<c>nn.ConvTranspose1d</c>).
/// </summary>
public sealed class ConvTranspose1d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements.</param>
    /// <param name="outputPadding">The additional size on one side of the output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public ConvTranspose1d(
        int inChannels, int outChannels, int kernelSize, int stride = 1, int padding = 0, int dilation = 1,
        int outputPadding = 0, bool bias = true)
        : base(inChannels, outChannels, [kernelSize], 1, bias,
            (x, weight) => Mx.ConvTranspose1d(x, weight, stride, padding, dilation, outputPadding),
            stride, padding, dilation, $"output_padding={outputPadding}, ")
    {
    }
}

/// <summary>
/// A transposed convolution over 2 spatial dimensions, with input of shape (batch, height, width, channels) (<c>nn.ConvTranspose2d</c>).
/// </summary>
public sealed class ConvTranspose2d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels; null for 1.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements; null for 1.</param>
    /// <param name="outputPadding">The additional size on one side of the output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public ConvTranspose2d(
        int inChannels, int outChannels, Size2D kernelSize, Size2D? stride = null, Size2D padding = default, Size2D? dilation = null,
        Size2D outputPadding = default, bool bias = true)
        : base(inChannels, outChannels, kernelSize.ToArray(), 1, bias,
            (x, weight) => Mx.ConvTranspose2d(x, weight, stride ?? 1, padding, dilation ?? 1, outputPadding),
            stride ?? 1, padding, dilation ?? 1, $"output_padding={outputPadding}, ")
    {
    }
}

/// <summary>
/// A transposed convolution over 3 spatial dimensions, with input of shape (batch, depth, height, width, channels)
/// (<c>nn.ConvTranspose3d</c>).
/// </summary>
public sealed class ConvTranspose3d : ConvolutionBase
{
    /// <summary>Creates a layer with random kernels, uniform in ±√(1 / fan-in), and a bias of zeros.</summary>
    /// <param name="inChannels">The number of input channels.</param>
    /// <param name="outChannels">The number of output channels.</param>
    /// <param name="kernelSize">The size of the kernels.</param>
    /// <param name="stride">The stride of the kernels; null for 1.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    /// <param name="dilation">The distance between kernel elements; null for 1.</param>
    /// <param name="outputPadding">The additional size on one side of the output.</param>
    /// <param name="bias">Whether to add a bias.</param>
    public ConvTranspose3d(
        int inChannels, int outChannels, Size3D kernelSize, Size3D? stride = null, Size3D padding = default, Size3D? dilation = null,
        Size3D outputPadding = default, bool bias = true)
        : base(inChannels, outChannels, kernelSize.ToArray(), 1, bias,
            (x, weight) => Mx.ConvTranspose3d(x, weight, stride ?? 1, padding, dilation ?? 1, outputPadding),
            stride ?? 1, padding, dilation ?? 1, $"output_padding={outputPadding}, ")
    {
    }
}
