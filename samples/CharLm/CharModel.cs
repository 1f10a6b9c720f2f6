using DotMlx.LanguageModels.Architectures;

namespace DotMlx.Samples.CharLm;

/// <summary>The size of a model, which is all that is needed to create it again.</summary>
internal sealed record ModelSize(int Vocabulary, int Dims, int Heads, int Layers);

/// <summary>A decoder-only transformer over characters, similar to Llama.</summary>
internal static class CharModel
{
    /// <summary>The base of the rotary embeddings.</summary>
    public const double RotaryBase = 10000;
    private const double Eps = 1e-5;

    /// <summary>Creates a model with random parameters.</summary>
    public static Decoder Create(ModelSize size, float dropout = 0f)
    {
        int headDims = size.Dims / size.Heads;
        AttentionDescription attention = new()
        {
            Heads = size.Heads,
            KeyValueHeads = size.Heads,
            HeadDims = headDims,
            Scale = 1 / Math.Sqrt(headDims),
            Rotary = new(headDims, RotaryPeriods.Plain(headDims, RotaryBase)),
        };
        LayerDescription layer = new(
            attention, new GatedDescription(Inner(size.Dims), GatedUnit.Of("silu")), ResidualDescription.Before with { Dropout = dropout });
        DecoderDescription description = new()
        {
            VocabularySize = size.Vocabulary, HiddenSize = size.Dims, Layers = [.. Enumerable.Repeat(layer, size.Layers)], Norm = new(Eps),
        };
        return new(description, new InitialWeights());
    }

    // The size is a multiple of 32, so that every weight can be quantized in groups.
    private static int Inner(int dims) => ((8 * dims / 3) + 31) / 32 * 32;
}
