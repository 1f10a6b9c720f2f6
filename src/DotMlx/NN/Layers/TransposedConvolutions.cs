namespace DotMlx.NN;

/// <summary>
/// A transposed convolution over 1 spatial dimension, with input of shape (batch, length, channels) (<c>nn.ConvTranspose1d</c>).
/// </summary>
public sealed class ConvTranspose1d : ConvolutionBase
{
    private readonly int _stride;
    private readonly int _padding;
    private readonly int _dilation;
    private readonly int _outputPadding;

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
        : base(inChannels, outChannels, [kernelSize], 1, bias)
    {
        _stride = stride;
        _padding = padding;
        _dilation = dilation;
        _outputPadding = outputPadding;
    }

    private protected override MlxArray Convolve(MlxArray x) =>
        Mx.ConvTranspose1d(x, Weight, _stride, _padding, _dilation, _outputPadding);

    /// <inheritdoc/>
    protected override string ExtraRepr() => Describe($"{_stride}", $"{_padding}", $"{_dilation}", $"output_padding={_outputPadding}, ");
}

/// <summary>
/// A transposed convolution over 2 spatial dimensions, with input of shape (batch, height, width, channels) (<c>nn.ConvTranspose2d</c>).
/// </summary>
public sealed class ConvTranspose2d : ConvolutionBase
{
    private readonly Size2D _stride;
    private readonly Size2D _padding;
    private readonly Size2D _dilation;
    private readonly Size2D _outputPadding;

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
        : base(inChannels, outChannels, kernelSize.ToArray(), 1, bias)
    {
        _stride = stride ?? 1;
        _padding = padding;
        _dilation = dilation ?? 1;
        _outputPadding = outputPadding;
    }

    private protected override MlxArray Convolve(MlxArray x) =>
        Mx.ConvTranspose2d(x, Weight, _stride, _padding, _dilation, _outputPadding);

    /// <inheritdoc/>
    protected override string ExtraRepr() => Describe($"{_stride}", $"{_padding}", $"{_dilation}", $"output_padding={_outputPadding}, ");
}

/// <summary>
/// A transposed convolution over 3 spatial dimensions, with input of shape (batch, depth, height, width, channels)
/// (<c>nn.ConvTranspose3d</c>).
/// </summary>
public sealed class ConvTranspose3d : ConvolutionBase
{
    private readonly Size3D _stride;
    private readonly Size3D _padding;
    private readonly Size3D _dilation;
    private readonly Size3D _outputPadding;

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
        : base(inChannels, outChannels, kernelSize.ToArray(), 1, bias)
    {
        _stride = stride ?? 1;
        _padding = padding;
        _dilation = dilation ?? 1;
        _outputPadding = outputPadding;
    }

    private protected override MlxArray Convolve(MlxArray x) =>
        Mx.ConvTranspose3d(x, Weight, _stride, _padding, _dilation, _outputPadding);

    /// <inheritdoc/>
    protected override string ExtraRepr() => Describe($"{_stride}", $"{_padding}", $"{_dilation}", $"output_padding={_outputPadding}, ");
}
