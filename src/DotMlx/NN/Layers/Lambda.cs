namespace DotMlx.NN;

/// <summary>A function as a module without parameters, for use in a <see cref="Sequential"/>.</summary>
/// <param name="function">The function from the input to the output.</param>
public sealed class Lambda(Func<MlxArray, MlxArray> function) : Module, IUnaryModule
{
    private readonly Func<MlxArray, MlxArray> _function = function ?? throw new ArgumentNullException(nameof(function));

    /// <inheritdoc/>
    public MlxArray Forward(MlxArray x) => _function(x);
}
