using System.Collections.Concurrent;
using DotMlx.LanguageModels.Architectures.Families;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The supported model families by their <c>model_type</c>.</summary>
public static class ModelFamilies
{
    private static readonly ConcurrentDictionary<string, ModelFamily> Families = new(
        new ModelFamily[]
        {
            new Bert(), new Gemma2(), new Gemma3(), new GptOss(), new Granite(), new Llama(), new Mistral(), new Mixtral(), new Olmo2(),
            new Phi3(),
            new Qwen2(), new Qwen3(), new Qwen3Moe(), new SmolLm3(),
        }.Select(family => new KeyValuePair<string, ModelFamily>(family.ModelType, family)),
        StringComparer.Ordinal);

    /// <summary>The <c>model_type</c> of every family, in alphabetical order.</summary>
    public static IReadOnlyList<string> Known => [.. Families.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Adds a family, or replaces the one with the same <c>model_type</c>.</summary>
    /// <param name="family">The family.</param>
    public static void Register(ModelFamily family)
    {
        ArgumentNullException.ThrowIfNull(family);
        Families[family.ModelType] = family;
    }

    /// <summary>
    /// Returns a family by its <c>model_type</c>, for building a new model: <c>Find("llama").Create(config, new InitialWeights())</c>.
    /// </summary>
    /// <param name="modelType">The <c>model_type</c>.</param>
    /// <exception cref="KeyNotFoundException">The family doesn't exist.</exception>
    public static ModelFamily Find(string modelType) => Families.TryGetValue(modelType, out ModelFamily? family)
        ? family
        : throw new KeyNotFoundException($"There is no model family '{modelType}'; expected one of {string.Join(", ", Known)}.");

    /// <summary>Returns the family of a model.</summary>
    /// <param name="config">The options of the model.</param>
    /// <exception cref="NotSupportedException">The family is unknown; the message lists the known ones.</exception>
    internal static ModelFamily Of(ModelConfig config) => Families.TryGetValue(config.ModelType, out ModelFamily? family)
        ? family
        : throw config.Unsupported("model_type", $"is '{config.ModelType}'; expected one of {string.Join(", ", Known)}. "
            + "Others can be added with ModelFamilies.Register");
}
