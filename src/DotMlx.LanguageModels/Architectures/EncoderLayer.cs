using DotMlx.NN;
using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>An encoder layer: attention and a feed-forward part, each added to its input and then normalized.</summary>
public sealed partial class EncoderLayer : Module
{
    private readonly Func<MlxArray, MlxArray> _activation;

    internal EncoderLayer(EncoderDescription description, WeightSource weights, string path)
    {
        _activation = description.Activation;
        Attention = new(description, weights, path + ".attention");
        Intermediate = new(description.HiddenSize, description.IntermediateSize, weights, path + ".intermediate");
        Output = new(description, description.IntermediateSize, weights, path + ".output");
    }

    /// <summary>The attention.</summary>
    public EncoderAttention Attention { get; }

    /// <summary>The first projection of the feed-forward part.</summary>
    public EncoderDense Intermediate { get; }

    /// <summary>The second projection of the feed-forward part.</summary>
    public EncoderOutput Output { get; }

    internal MlxArray Forward(MlxArray x, MlxArray? visible)
    {
        using MlxArray attended = Attention.Forward(x, visible);
        using MlxArray wide = Intermediate.Dense.Forward(attended);
        using MlxArray bent = _activation(wide);
        return Output.Forward(bent, attended);
    }
}

/// <summary>The attention of an encoder layer.</summary>
public sealed partial class EncoderAttention : Module
{
    internal EncoderAttention(EncoderDescription description, WeightSource weights, string path)
    {
        Self = new(description, weights, path + ".self");
        Output = new(description, description.HiddenSize, weights, path + ".output");
    }

    /// <summary>The projections to queries, keys, and values.</summary>
    public EncoderHeads Self { get; }

    /// <summary>The output projection.</summary>
    public EncoderOutput Output { get; }

    internal MlxArray Forward(MlxArray x, MlxArray? visible)
    {
        using MlxArray attended = Self.Forward(x, visible);
        return Output.Forward(attended, x);
    }
}

/// <summary>The heads of an encoder's attention.</summary>
public sealed partial class EncoderHeads : Module
{
    private readonly int _heads;

    internal EncoderHeads(EncoderDescription description, WeightSource weights, string path)
    {
        _heads = description.Heads;
        int size = description.HiddenSize;
        Query = weights.Linear(path + ".query", size, size, bias: true);
        Key = weights.Linear(path + ".key", size, size, bias: true);
        Value = weights.Linear(path + ".value", size, size, bias: true);
    }

    /// <summary>The projection to queries.</summary>
    public Linear Query { get; }

    /// <summary>The projection to keys.</summary>
    public Linear Key { get; }

    /// <summary>The projection to values.</summary>
    public Linear Value { get; }

    internal MlxArray Forward(MlxArray x, MlxArray? visible)
    {
        using MlxArray queries = Split(Query.Forward(x));
        using MlxArray keys = Split(Key.Forward(x));
        using MlxArray values = Split(Value.Forward(x));
        float scale = (float)(1 / Math.Sqrt(x.Shape[2] / _heads));
        using MlxArray attended = Mx.Fast.ScaledDotProductAttention(queries, keys, values, scale, visible);
        using MlxArray transposed = Mx.Transpose(attended, 0, 2, 1, 3);
        return Mx.Reshape(transposed, x.Shape);
    }

    private MlxArray Split(MlxArray x)
    {
        x = Replace(x, Mx.Reshape(x, x.Shape[0], x.Shape[1], _heads, -1));
        return Replace(x, Mx.Transpose(x, 0, 2, 1, 3));
    }
}

/// <summary>An affine map under the name <c>dense</c>.</summary>
public sealed partial class EncoderDense : Module
{
    internal EncoderDense(int inputs, int outputs, WeightSource weights, string path) =>
        Dense = weights.Linear(path + ".dense", inputs, outputs, bias: true);

    /// <summary>The affine map.</summary>
    public Linear Dense { get; }
}

/// <summary>An affine map whose result is added to its input and normalized.</summary>
public sealed partial class EncoderOutput : Module
{
    internal EncoderOutput(EncoderDescription description, int inputs, WeightSource weights, string path)
    {
        Dense = weights.Linear(path + ".dense", inputs, description.HiddenSize, bias: true);
        LayerNorm = new(description, weights, path + ".LayerNorm");
    }

    /// <summary>The affine map.</summary>
    public Linear Dense { get; }

    /// <summary>The norm of the sum.</summary>
    [Parameter("LayerNorm")]
    public EncoderNorm LayerNorm { get; }

    internal MlxArray Forward(MlxArray x, MlxArray before)
    {
        using MlxArray mapped = Dense.Forward(x);
        using MlxArray sum = Mx.Add(mapped, before);
        return LayerNorm.Forward(sum);
    }
}

/// <summary>Normalizes the last axis to mean 0 and variance 1, with a learned scale and offset.</summary>
public sealed partial class EncoderNorm : Module
{
    private readonly float _eps;

    internal EncoderNorm(EncoderDescription description, WeightSource weights, string path)
    {
        _eps = (float)description.Eps;
        Weight = weights.Get(path + ".weight", description.HiddenSize);
        Bias = weights.Get(path + ".bias", description.HiddenSize);
    }

    /// <summary>The scale, of shape (hidden size,).</summary>
    public MlxArray Weight { get; set; }

    /// <summary>The offset, of shape (hidden size,).</summary>
    public MlxArray Bias { get; set; }

    internal MlxArray Forward(MlxArray x) => Mx.Fast.LayerNorm(x, Weight, Bias, _eps);
}
