using System.Globalization;

namespace DotMlx.NN;

/// <summary>Divides the last axis by its root mean square (<c>nn.RMSNorm</c>).</summary>
public sealed partial class RMSNorm : Module, IUnaryModule
{
    private readonly double _eps;

    /// <summary>Creates the layer.</summary>
    /// <param name="dims">The size of the last axis.</param>
    /// <param name="eps">The term added to the mean square, greater than 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> isn't positive.</exception>
    public RMSNorm(int dims, double eps = 1e-5)
    {
        _eps = LayerInit.PositiveEps(eps, nameof(RMSNorm));
        Weight = Mx.Ones(dims);
    }

    /// <summary>The scale, of shape (dims,).</summary>
    public MlxArray Weight { get; set => SetArray(ref field, value); }

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => Mx.Fast.RMSNorm(x, Weight, _eps);

    /// <inheritdoc/>
    protected override string ExtraRepr() => string.Create(CultureInfo.InvariantCulture, $"{Weight.Shape[0]}, eps={LayerInit.Text(_eps)}");
}
