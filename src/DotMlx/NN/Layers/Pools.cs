namespace DotMlx.NN;

/// <summary>
/// The largest value of each window over 1 spatial dimension, with input of shape (batch, length, channels) (<c>nn.MaxPool1d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with the lowest value.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class MaxPool1d(int kernelSize, int? stride = null, int padding = 0)
    : PoolBase([kernelSize], [(stride ?? kernelSize)], [padding], float.NegativeInfinity)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Max(windows, axes);
}

/// <summary>
/// The mean of each window over 1 spatial dimension, with input of shape (batch, length, channels) (<c>nn.AvgPool1d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with zeros, which count in the mean.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class AvgPool1d(int kernelSize, int? stride = null, int padding = 0)
    : PoolBase([kernelSize], [(stride ?? kernelSize)], [padding], 0.0)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Mean(windows, axes);
}

/// <summary>
/// The largest value of each window over 2 spatial dimensions, with input of shape (batch, height, width, channels) (<c>nn.MaxPool2d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with the lowest value.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class MaxPool2d(Size2D kernelSize, Size2D? stride = null, Size2D padding = default)
    : PoolBase(kernelSize.ToArray(), (stride ?? kernelSize).ToArray(), padding.ToArray(), float.NegativeInfinity)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Max(windows, axes);
}

/// <summary>
/// The mean of each window over 2 spatial dimensions, with input of shape (batch, height, width, channels) (<c>nn.AvgPool2d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with zeros, which count in the mean.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class AvgPool2d(Size2D kernelSize, Size2D? stride = null, Size2D padding = default)
    : PoolBase(kernelSize.ToArray(), (stride ?? kernelSize).ToArray(), padding.ToArray(), 0.0)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Mean(windows, axes);
}

/// <summary>
/// The largest value of each window over 3 spatial dimensions, with input of shape (batch, depth, height, width, channels)
/// (<c>nn.MaxPool3d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with the lowest value.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class MaxPool3d(Size3D kernelSize, Size3D? stride = null, Size3D padding = default)
    : PoolBase(kernelSize.ToArray(), (stride ?? kernelSize).ToArray(), padding.ToArray(), float.NegativeInfinity)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Max(windows, axes);
}

/// <summary>
/// The mean of each window over 3 spatial dimensions, with input of shape (batch, depth, height, width, channels) (<c>nn.AvgPool3d</c>).
/// </summary>
/// <param name="kernelSize">The size of the window.</param>
/// <param name="stride">The stride of the window; null for the size of the window.</param>
/// <param name="padding">The padding on each side, with zeros, which count in the mean.</param>
/// <exception cref="ArgumentOutOfRangeException">A size or stride isn't positive, or a padding is negative.</exception>
public sealed class AvgPool3d(Size3D kernelSize, Size3D? stride = null, Size3D padding = default)
    : PoolBase(kernelSize.ToArray(), (stride ?? kernelSize).ToArray(), padding.ToArray(), 0.0)
{
    private protected override MlxArray Reduce(MlxArray windows, int[] axes) => Mx.Mean(windows, axes);
}
