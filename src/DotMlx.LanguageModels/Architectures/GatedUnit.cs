using DotMlx.NN;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>Combines a gate with the gated values.</summary>
public abstract class GatedUnit
{
    private static readonly Dictionary<string, Func<MlxArray, MlxArray>> ActivationsByName = new(StringComparer.Ordinal)
    {
        ["silu"] = Activations.Silu,
        ["swish"] = Activations.Silu,
        ["relu"] = Activations.Relu,
        ["relu2"] = Activations.Relu2,
        ["gelu"] = Activations.Gelu,
        ["gelu_new"] = Activations.GeluApprox,
        ["gelu_pytorch_tanh"] = Activations.GeluApprox,
        ["gelu_fast"] = Activations.GeluApprox,
    };

    /// <summary>The supported activations by their Hugging Face names.</summary>
    public static IReadOnlyCollection<string> Names => ActivationsByName.Keys;

    /// <summary>Creates a unit that computes activation(gate) · x.</summary>
    /// <param name="activation">The Hugging Face name, one of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static GatedUnit Of(string activation) => new Plain(Activation(activation));

    /// <summary>
    /// Creates a unit with clamped sigmoid gates, as in gpt-oss: (clip(x, ±limit) + 1) · g · sigmoid(alpha · g) with g = min(gate, limit).
    /// </summary>
    /// <param name="limit">The bound.</param>
    /// <param name="alpha">The scale factor of the gate in the sigmoid.</param>
    public static GatedUnit Clamped(double limit, double alpha = 1.702) => new ClampedUnit((float)limit, (float)alpha);

    /// <summary>Returns an activation function.</summary>
    /// <param name="name">The Hugging Face name, one of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static Func<MlxArray, MlxArray> Activation(string name) =>
        ActivationsByName.TryGetValue(name, out Func<MlxArray, MlxArray>? found)
        ? found
        : throw new ArgumentException($"There is no activation '{name}'; expected one of {string.Join(", ", Names)}.", nameof(name));

    /// <summary>Combines a gate and the gated values, which have the same shape.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="x">The gated values.</param>
    public abstract MlxArray Apply(MlxArray gate, MlxArray x);

    private sealed class Plain(Func<MlxArray, MlxArray> activation) : GatedUnit
    {
        public override MlxArray Apply(MlxArray gate, MlxArray x)
        {
            using MlxArray open = activation(gate);
            return Mx.Multiply(open, x);
        }
    }

    private sealed class ClampedUnit(float limit, float alpha) : GatedUnit
    {
        public override MlxArray Apply(MlxArray gate, MlxArray x)
        {
            using MlxArray bounded = Mx.Minimum(gate, limit);
            using MlxArray steep = Mx.Multiply(bounded, alpha);
            using MlxArray share = Mx.Sigmoid(steep);
            using MlxArray open = Mx.Multiply(bounded, share);
            using MlxArray clipped = Mx.Clip(x, -limit, limit);
            using MlxArray shifted = Mx.Add(clipped, 1f);
            return Mx.Multiply(shifted, open);
        }
    }
}
