using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// Random parameters for a new model: weights are drawn as in the layers of <c>mlx.nn</c>, vectors named <c>weight</c> (norms) are ones,
/// and other vectors are zeros.
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
