using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>Divides the last axis by its root mean square and multiplies it by a learned scale.</summary>
public sealed partial class Norm : Module, IUnaryModule
{
    private readonly NormDescription _description;

    /// <summary>Creates the layer.</summary>
    /// <param name="description">The description of the norm.</param>
    /// <param name="weight">The scale, of shape (dims,).</param>
    public Norm(NormDescription description, MlxArray weight)
    {
        ArgumentNullException.ThrowIfNull(description);
        ArgumentNullException.ThrowIfNull(weight);
        _description = description;
        Weight = weight;
    }

    /// <summary>The scale, of shape (dims,), stored minus 1 if the description says so.</summary>
    public MlxArray Weight { get; set; }

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x)
    {
        using MlxArray factors = Factors();
        return Mx.Fast.RMSNorm(x, factors, (float)Eps);
    }

    /// <summary>Like <see cref="Forward(MlxArray)"/>, but with the state of the forward pass.</summary>
    internal MlxArray Forward(MlxArray x, ForwardPass pass) => pass.Normalize(this, x);

    /// <summary>The scale to multiply by, which the caller disposes.</summary>
    internal MlxArray Factors() => _description.AddsOne ? Mx.Add(Weight, 1f) : Weight.Share();

    /// <summary>The term added to the mean of the squares.</summary>
    internal double Eps => _description.Eps;

    /// <inheritdoc/>
    protected override string ExtraRepr() => System.FormattableString.Invariant($"{Weight.Shape[0]}, eps={_description.Eps}");
}
