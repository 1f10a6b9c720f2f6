using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;

namespace DotMlx.Benchmarks.Generation;

/// <summary>A model of a given size with random weights, quantized as by mlx-lm.</summary>
/// <param name="Name">The name in the report.</param>
/// <param name="Hidden">The hidden size.</param>
/// <param name="Intermediate">The size of the feed-forward layers.</param>
/// <param name="Layers">The number of layers.</param>
/// <param name="Heads">The number of query heads.</param>
/// <param name="KeyValueHeads">The number of key heads.</param>
/// <param name="Vocabulary">The number of tokens in the vocabulary.</param>
/// <param name="Bits">The bits per weight; 0 for no quantization.</param>
/// <param name="DType">The dtype of weights that aren't quantized. In bfloat16, MLX's CPU back end takes seconds for a token.</param>
internal sealed record ModelMaker(
    string Name, int Hidden, int Intermediate, int Layers, int Heads, int KeyValueHeads, int Vocabulary, int Bits,
    DType DType)
{
    /// <summary>The sizes to compare: two that measure overhead, one for fine-tuning, and one of a published model.</summary>
    internal static IReadOnlyList<ModelMaker> All { get; } =
    [
        new("tiny", 64, 112, 3, 4, 2, 400, 0, DType.Float32),
        new("tiny-4bit", 64, 128, 3, 4, 2, 400, 4, DType.Float32),
        new("small", 256, 704, 6, 8, 4, 2000, 0, DType.Float32),
        new("qwen2.5-0.5b-4bit", 896, 4864, 24, 14, 2, 151936, 4, Fast),
    ];

    private static DType Fast => Mx.DefaultDevice().Type == DeviceType.Cpu ? DType.Float32 : DType.BFloat16;

    /// <summary>Writes the model into a folder unless it already exists.</summary>
    internal void Make(string folder)
    {
        if (File.Exists(Path.Combine(folder, "config.json")))
        {
            return;
        }
        Directory.CreateDirectory(folder);
        JsonObject config = new()
        {
            ["model_type"] = "qwen2", ["hidden_size"] = Hidden, ["intermediate_size"] = Intermediate, ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads, ["num_key_value_heads"] = KeyValueHeads, ["vocab_size"] = Vocabulary, ["rms_norm_eps"] = 1e-6,
            ["rope_theta"] = 1000000.0, ["max_position_embeddings"] = 32768, ["tie_word_embeddings"] = true, ["hidden_act"] = "silu",
            ["eos_token_id"] = 0, ["bos_token_id"] = 0,
        };
        ModelConfig options = ModelConfig.Parse(JsonSerializer.SerializeToUtf8Bytes(config), "config.json");
        using MlxScope scope = MlxScope.Begin();
        Mx.Random.Seed(1);
        Decoder decoder = (Decoder)ModelFamilies.Find("qwen2").Create(options, new InitialWeights());
        decoder.SetDType(DType);
        if (Bits > 0)
        {
            decoder.Quantize(groupSize: 64, bits: Bits);
            config["quantization"] = new JsonObject { ["group_size"] = 64, ["bits"] = Bits, ["mode"] = "affine" };
        }
        decoder.SaveWeights(Path.Combine(folder, "model.safetensors"));
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Layers} layers of {Hidden}");
}
