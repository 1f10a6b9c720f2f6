using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// The source of a model's parameters while it is built: a checkpoint or an initializer. Layers request parameters by name and shape, so no
/// parameter is created that the checkpoint then replaces.
/// </summary>
public abstract class WeightSource
{
    /// <summary>Whether a parameter with this name exists, for parts that some checkpoints omit.</summary>
    /// <param name="name">The dotted name.</param>
    public abstract bool Has(string name);

    /// <summary>Returns a parameter that must exist.</summary>
    /// <param name="name">The dotted name.</param>
    /// <param name="shape">The expected shape.</param>
    public abstract MlxArray Get(string name, params ReadOnlySpan<int> shape);

    /// <summary>Returns a linear layer.</summary>
    /// <param name="path">The dotted path of the layer.</param>
    /// <param name="inputs">The size of the last axis of the input.</param>
    /// <param name="outputs">The size of the last axis of the output.</param>
    /// <param name="bias">Whether the layer has a bias.</param>
    /// <returns>A <see cref="Linear"/>, quantized if its weights in the source are.</returns>
    public abstract Linear Linear(string path, int inputs, int outputs, bool bias = false);

    /// <summary>Returns an embedding layer.</summary>
    /// <param name="path">The dotted path of the layer.</param>
    /// <param name="count">The number of vectors.</param>
    /// <param name="dims">The size of each vector.</param>
    /// <returns>An <see cref="NN.Embedding"/>, quantized if its weights in the source are.</returns>
    public abstract Embedding Embedding(string path, int count, int dims);

    /// <summary>Returns the affine maps of several experts.</summary>
    /// <param name="path">The dotted path of the layer.</param>
    /// <param name="experts">The number of experts.</param>
    /// <param name="inputs">The size of the last axis of the input.</param>
    /// <param name="outputs">The size of the last axis of the output.</param>
    /// <param name="bias">Whether the maps have biases.</param>
    /// <returns>A <see cref="SwitchLinear"/>, quantized if its weights in the source are.</returns>
    public abstract SwitchLinear SwitchLinear(string path, int experts, int inputs, int outputs, bool bias = false);
}
