namespace DotMlx.NN;

/// <summary>The base class of the convolution layers: kernels and an optional bias. Channels are the last axis.</summary>
public abstract partial class ConvolutionBase : Module, IUnaryModule
{
    private readonly Func<MlxArray, MlxArray, MlxArray> _convolve;
    private readonly int _groups;

    // The arguments that the kernels' shape doesn't show, for the description of the layer.
    private readonly string _arguments;

    private protected ConvolutionBase(
        int inChannels, int outChannels, ReadOnlySpan<int> kernel, int groups, bool bias, Func<MlxArray, MlxArray, MlxArray> convolve,
        object stride, object padding, object dilation, string extra)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groups);
        if (inChannels % groups != 0)
        {
            throw new ArgumentException(
                $"The number of input channels ({inChannels}) must be divisible by the number of groups ({groups}).", nameof(groups));
        }
        long fanIn = inChannels;
        foreach (int size in kernel)
        {
            fanIn *= size;
        }
        _convolve = convolve;
        _groups = groups;
        _arguments = $"stride={stride}, padding={padding}, dilation={dilation}, {extra}";
        Weight = LayerInit.Uniform(Math.Sqrt(1.0 / fanIn), [outChannels, .. kernel, inChannels / groups]);
        Bias = bias ? Mx.Zeros(outChannels) : null;
    }

    /// <summary>The kernels, of shape (output channels, spatial sizes..., input channels / groups).</summary>
    public MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <summary>The bias, of shape (output channels,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, spatial sizes..., input channels).</param>
    /// <returns>The output, of shape (batch, spatial sizes..., output channels).</returns>
    public MlxArray Forward(MlxArray x)
    {
        MlxArray y = _convolve(x, Weight);
        if (Bias is null)
        {
            return y;
        }
        using (y)
        {
            return Mx.Add(y, Bias);
        }
    }

    /// <inheritdoc/>
    protected override string ExtraRepr()
    {
        int[] shape = Weight.Shape.ToArray();
        string kernel = shape.Length == 3 ? $"{shape[1]}" : "(" + string.Join(", ", shape[1..^1]) + ")";
        return $"{shape[^1] * _groups}, {shape[0]}, kernel_size={kernel}, {_arguments}bias={LayerInit.Text(Bias is not null)}";
    }
}
