namespace DotMlx.NN;

/// <summary>Returns its input (<c>nn.Identity</c>).</summary>
public sealed class Identity : Module, IUnaryModule
{
    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => x;
}
