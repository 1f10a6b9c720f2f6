using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// Random parameters for a new model: weights as the layers of <c>mlx.nn</c> draw them, vectors named <c>weight</c> (norms) of ones, other
/// vectors of zeros.
/// </summary>
public sealed class InitialWeights : WeightSource
{
    /// <inheritdoc/>
    public override bool Has(string name) => true;

    /// <inheritdoc/>
    public override MlxArray Get(string name, params ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith("weight", StringComparison.Ordinal) ? Mx.Ones(shape) : Mx.Zeros(shape);
    }

    /// <inheritdoc/>
    public override Linear Linear(string path, int inputs, int outputs, bool bias = false) => new(inputs, outputs, bias);

    /// <inheritdoc/>
    public override Embedding Embedding(string path, int count, int dims) => new(count, dims);

    /// <inheritdoc/>
    public override SwitchLinear SwitchLinear(string path, int experts, int inputs, int outputs, bool bias = false)
    {
        float limit = MathF.Sqrt(1f / inputs);
        return new(Mx.Random.Uniform(-limit, limit, [experts, outputs, inputs]), bias ? Mx.Zeros(experts, outputs) : null);
    }
}
