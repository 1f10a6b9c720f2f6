using System.Globalization;

namespace DotMlx.NN;

/// <summary>
/// Normalizes each channel: with batch statistics during training and with running statistics during evaluation (<c>nn.BatchNorm</c>).
/// </summary>
public sealed partial class BatchNorm : Module, IUnaryModule
{
    private readonly int _features;
    private readonly double _eps;
    private readonly double _momentum;

    /// <summary>Creates the layer.</summary>
    /// <param name="numFeatures">The number of channels, the size of the last axis.</param>
    /// <param name="eps">The term added to the variance, greater than 0.</param>
    /// <param name="momentum">The weight of the current batch in the running statistics.</param>
    /// <param name="affine">Whether the layer has a learned scale and offset.</param>
    /// <param name="trackRunningStats">Whether to keep running statistics and use them during evaluation.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> isn't positive.</exception>
    public BatchNorm(int numFeatures, double eps = 1e-5, double momentum = 0.1, bool affine = true, bool trackRunningStats = true)
    {
        _features = numFeatures;
        _eps = LayerInit.PositiveEps(eps, nameof(BatchNorm));
        _momentum = momentum;
        Weight = affine ? Mx.Ones(numFeatures) : null;
        Bias = affine ? Mx.Zeros(numFeatures) : null;
        RunningMean = trackRunningStats ? Mx.Zeros(numFeatures) : null;
        RunningVar = trackRunningStats ? Mx.Ones(numFeatures) : null;
    }

    /// <summary>The scale, of shape (features,), or null.</summary>
    public MlxArray? Weight { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The offset, of shape (features,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The running mean, of shape (features,), or null.</summary>
    [Buffer]
    public MlxArray? RunningMean { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The running variance, of shape (features,), or null. It is unbiased, as in PyTorch and in MLX since 0.32.</summary>
    [Buffer]
    public MlxArray? RunningVar { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Applies the layer and, during training, updates the running statistics.</summary>
    /// <param name="x">The input, of shape (batch, features), (batch, length, features), or (batch, height, width, features).</param>
    /// <returns>The output, of the same shape.</returns>
    /// <exception cref="ArgumentException">
    /// The input doesn't have two to four dimensions, or has only one value per channel during training.
    /// </exception>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.NDim is < 2 or > 4)
        {
            throw new ArgumentException(
                $"[BatchNorm] The input has the shape {ModuleUpdate.Shape(x)}; expected 2, 3, or 4 dimensions, channels last.", nameof(x));
        }
        using MlxScope scope = MlxScope.Begin();
        MlxArray? mean = RunningMean, variance = RunningVar;
        if (Training || mean is null || variance is null)
        {
            (mean, variance) = BatchStatistics(x);
        }
        MlxArray y = (x - mean) * Mx.Rsqrt(variance + _eps);
        return scope.Keep(Weight is null ? y : (Weight * y) + Bias!);
    }

    private (MlxArray Mean, MlxArray Variance) BatchStatistics(MlxArray x)
    {
        int[] axes = [.. Enumerable.Range(0, x.NDim - 1)];
        long count = x.Size / Math.Max(1, x.Shape[^1]);
        if (Training && count <= 1)
        {
            throw new ArgumentException(
                $"[BatchNorm] The input has the shape {ModuleUpdate.Shape(x)}: training needs more than one value per channel.", nameof(x));
        }
        MlxArray mean = Mx.Mean(x, axes);
        MlxArray variance = Mx.Var(x, axes);
        if (Training && RunningMean is not null && RunningVar is not null)
        {
            MlxArray unbiased = Mx.Var(x, axes, ddof: 1);
            RunningMean = ((1.0 - _momentum) * RunningMean) + (_momentum * mean);
            RunningVar = ((1.0 - _momentum) * RunningVar) + (_momentum * unbiased);
        }
        return (mean, variance);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_features}, eps={LayerInit.Text(_eps)}, momentum={LayerInit.Text(_momentum)}, affine={LayerInit.Text(Weight is not null)}, "
        + $"track_running_stats={LayerInit.Text(RunningMean is not null)}");
}
