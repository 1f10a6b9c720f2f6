using System.Globalization;

namespace DotMlx.NN;

/// <summary>Normalizes each channel of each example over its spatial axes (<c>nn.InstanceNorm</c>).</summary>
public sealed partial class InstanceNorm : Module, IUnaryModule
{
    private readonly int _dims;
    private readonly double _eps;

    /// <summary>Creates the layer.</summary>
    /// <param name="dims">The number of channels, the size of the last axis.</param>
    /// <param name="eps">The term added to the variance, greater than 0.</param>
    /// <param name="affine">Whether the layer has a learned scale and offset.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> isn't positive.</exception>
    public InstanceNorm(int dims, double eps = 1e-5, bool affine = false)
    {
        _dims = dims;
        _eps = LayerInit.PositiveEps(eps, nameof(InstanceNorm));
        Weight = affine ? Mx.Ones(dims) : null;
        Bias = affine ? Mx.Zeros(dims) : null;
    }

    /// <summary>The scale, of shape (dims,), or null.</summary>
    public MlxArray? Weight { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The offset, of shape (dims,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <summary>Applies the layer.</summary>
    /// <param name="x">The input, of shape (batch, ..., dims), with at least three dimensions.</param>
    /// <returns>The output, of the same shape.</returns>
    /// <exception cref="ArgumentException">The input has fewer than three dimensions.</exception>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.NDim < 3)
        {
            throw new ArgumentException(
                $"[InstanceNorm] The input has the shape {ModuleUpdate.Shape(x)}; expected at least three "
                + $"dimensions (batch, ..., channels).", nameof(x));
        }
        using MlxScope scope = MlxScope.Begin();
        int[] space = [.. Enumerable.Range(1, x.NDim - 2)];
        MlxArray mean = Mx.Mean(x, space, keepdims: true);
        MlxArray variance = Mx.Var(x, space, keepdims: true);
        MlxArray y = (x - mean) * Mx.Rsqrt(variance + _eps);
        return scope.Keep(Weight is null ? y : (Weight * y) + Bias!);
    }

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        string.Create(CultureInfo.InvariantCulture, $"{_dims}, eps={LayerInit.Text(_eps)}, affine={LayerInit.Text(Weight is not null)}");
}
