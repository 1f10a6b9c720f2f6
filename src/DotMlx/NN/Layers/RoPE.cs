using System.Globalization;

namespace DotMlx.NN;

/// <summary>Rotary position encoding (<c>nn.RoPE</c>).</summary>
/// <param name="dims">The number of features to rotate. Larger inputs keep the rest unchanged.</param>
/// <param name="traditional">Whether adjacent features form pairs, instead of one feature from each half.</param>
/// <param name="base">The base of the frequencies.</param>
/// <param name="scale">The scale factor of the positions.</param>
public sealed class RoPE(int dims, bool traditional = false, double @base = 10000.0, double scale = 1.0) : Module, IUnaryModule
{
    /// <summary>Rotates queries or keys.</summary>
    /// <param name="x">The input, of shape (..., length, features).</param>
    /// <param name="offset">The position of the first element, such as the length of a cache.</param>
    /// <returns>An array of the same shape.</returns>
    public MlxArray Forward(MlxArray x, int offset = 0) => Mx.Fast.RoPE(x, dims, traditional, @base, scale, offset);

    /// <summary>Rotates queries or keys that start at different positions.</summary>
    /// <param name="x">The input, of shape (batch, ..., length, features).</param>
    /// <param name="offset">The position of the first element: an integer scalar, or one integer per example, of shape (batch,).</param>
    /// <returns>An array of the same shape.</returns>
    public MlxArray Forward(MlxArray x, MlxArray offset) => Mx.Fast.RoPE(x, dims, traditional, @base, scale, offset);

    MlxArray IUnaryModule.Forward(MlxArray x) => Forward(x, 0);

    /// <inheritdoc/>
    protected override string ExtraRepr() =>
        string.Create(CultureInfo.InvariantCulture, $"{dims}, traditional={LayerInit.Text(traditional)}");
}
