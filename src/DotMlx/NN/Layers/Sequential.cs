namespace DotMlx.NN;

/// <summary>Applies modules one after the other (<c>nn.Sequential</c>).</summary>
/// <param name="layers">The modules; wrap a function in a <see cref="Lambda"/>.</param>
public sealed partial class Sequential(params IEnumerable<IUnaryModule> layers) : Module, IUnaryModule
{
    /// <summary>Creates the module from an array of layers, or from a list of arguments in languages other than C#.</summary>
    /// <param name="layers">The modules; wrap a function in a <see cref="Lambda"/>.</param>
    public Sequential(params IUnaryModule[] layers)
        : this((IEnumerable<IUnaryModule>)layers)
    {
    }

    /// <summary>The modules in order.</summary>
    public List<IUnaryModule> Layers { get; } = [.. layers];

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x)
    {
        ArgumentNullException.ThrowIfNull(x);
        MlxArray current = x;
        foreach (IUnaryModule layer in Layers)
        {
            current = layer.Forward(current);
        }
        return current;
    }
}
