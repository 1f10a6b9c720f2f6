using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels.Architectures;
using DotMlx.Samples.CharLm;

namespace DotMlx.Samples.Lora;

/// <summary>Writes a model of CharLm as a folder in Hugging Face's layout, which DotMlx, mlx-lm, and the command-line tool load.</summary>
internal static class ModelFolder
{
    /// <summary>Writes the model, and a tokenizer with a token for each of its characters.</summary>
    /// <exception cref="UserErrorException">The folder can't be written.</exception>
    public static void Write(string folder, Decoder model, TrainingSettings settings, Vocabulary vocabulary)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "config.json"), Config(model.Description, settings).ToJsonString());
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Tokenizer(vocabulary).ToJsonString());
            model.SaveWeights(Path.Combine(folder, "model.safetensors"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write to '{folder}': {error.Message}", error);
        }
    }

    /// <summary>Writes the training text and the validation text, with one piece of the context's length per line.</summary>
    /// <exception cref="UserErrorException">The folder can't be written, or the text is too short.</exception>
    public static void WriteData(string folder, Corpus corpus, TrainingSettings settings)
    {
        foreach ((string name, bool training) in new[] { ("train.jsonl", true), ("valid.jsonl", false) })
        {
            string[] lines =
                [.. corpus.Pieces(settings.Context, training).Select(piece => new JsonObject { ["text"] = piece }.ToJsonString())];
            if (lines.Length < settings.BatchSize)
            {
                throw new UserErrorException(
                    $"the text is too short: {name} has {lines.Length} pieces of {settings.Context} characters, "
                    + $"and a batch takes {settings.BatchSize}.");
            }
            try
            {
                File.WriteAllLines(Path.Combine(folder, name), lines);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"cannot write to '{folder}': {error.Message}", error);
            }
        }
    }

    private static JsonObject Config(DecoderDescription model, TrainingSettings settings) => new()
    {
        ["model_type"] = "llama",
        ["vocab_size"] = model.VocabularySize,
        ["hidden_size"] = model.HiddenSize,
        ["intermediate_size"] = ((GatedDescription)model.Layers[0].FeedForward).Size,
        ["num_hidden_layers"] = model.Layers.Count,
        ["num_attention_heads"] = settings.Heads,
        ["num_key_value_heads"] = settings.Heads,
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = model.Norm.Eps,
        ["rope_theta"] = CharModel.RotaryBase,
        ["max_position_embeddings"] = settings.Context,
        ["tie_word_embeddings"] = model.TiedEmbeddings,
    };

    /// <summary>Byte-pair encoding without merges, so that each character is a token.</summary>
    private static JsonObject Tokenizer(Vocabulary vocabulary)
    {
        JsonObject tokens = [];
        for (int i = 0; i < vocabulary.Count; i++)
        {
            // Half of a surrogate pair isn't valid text.
            char character = vocabulary.Decode(i);
            tokens[char.IsSurrogate(character) ? $"<{(int)character:X4}>" : character.ToString()] = i;
        }
        return new()
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = null,
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "Fuse" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["unk_token"] = vocabulary.Decode(0).ToString(), ["fuse_unk"] = false, ["byte_fallback"] = false,
                ["vocab"] = tokens, ["merges"] = new JsonArray(),
            },
        };
    }
}
