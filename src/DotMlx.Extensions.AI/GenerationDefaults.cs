using DotMlx.LanguageModels;

namespace DotMlx.Extensions.AI;

/// <summary>The sampling that a model's authors recommend in <c>generation_config.json</c>.</summary>
internal static class GenerationDefaults
{
    // A server must end; Microsoft.Extensions.AI leaves the limit to the client.
    private const int MaxTokens = 2048;

    internal static GenerationOptions Of(LanguageModel model)
    {
        GenerationOptions options = new() { MaxTokens = MaxTokens };
        string path = Path.Combine(model.Folder, "generation_config.json");
        if (!File.Exists(path))
        {
            return options;
        }
        ModelConfig config = ModelConfig.Load(path);
        return !config.Flag("do_sample", false)
            ? options
            : options with
            {
                Temperature = config.NumberOr("temperature", 1),
                TopP = config.NumberOr("top_p", 1),
                TopK = config.IntegerOr("top_k", 0, minimum: 0),
                MinP = config.NumberOr("min_p", 0),
                RepetitionPenalty = config.NumberOr("repetition_penalty", 1),
            };
    }
}
