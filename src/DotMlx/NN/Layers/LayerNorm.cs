using System.Globalization;

namespace DotMlx.NN;

/// <summary>Normalizes the last axis to mean 0 and variance 1 (<c>nn.LayerNorm</c>).</summary>
public sealed partial class LayerNorm : Module, IUnaryModule
{
    private readonly int _dims;
    private readonly double _eps;

    /// <summary>Creates the layer.</summary>
    /// <param name="dims">The size of the last axis.</param>
    /// <param name="eps">The term added to the variance, greater than 0.</param>
    /// <param name="affine">Whether the layer has a learned scale.</param>
    /// <param name="bias">Whether the layer also has a learned offset.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> isn't positive.</exception>
    public LayerNorm(int dims, double eps = 1e-5, bool affine = true, bool bias = true)
    {
        _dims = dims;
        _eps = LayerInit.PositiveEps(eps, nameof(LayerNorm));
        Weight = affine ? Mx.Ones(dims) : null;
        Bias = affine && bias ? Mx.Zeros(dims) : null;
    }

    /// <summary>The scale, of shape (dims,), or null.</summary>
    public MlxArray? Weight { get; set => SetOptionalArray(ref field, value); }

    /// <summary>The offset, of shape (dims,), or null.</summary>
    public MlxArray? Bias { get; set => SetOptionalArray(ref field, value); }

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Mx.Fast.LayerNorm(x, Weight, Bias, _eps);

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        string.Create(CultureInfo.InvariantCulture, $"{_dims}, eps={LayerInit.Text(_eps)}, affine={LayerInit.Text(Weight is not null)}");
}
