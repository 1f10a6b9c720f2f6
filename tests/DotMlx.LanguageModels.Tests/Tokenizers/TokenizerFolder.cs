using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>A temporary folder with a tokenizer.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenizer");

    public string Path => _folder.FullName;

    public string File => System.IO.Path.Combine(Path, "tokenizer.json");

    public void Dispose() => _folder.Delete(recursive: true);

    public Tokenizer Load(JsonNode tokenizer, JsonNode? config = null) => Load(tokenizer.ToJsonString(), config);

    public Tokenizer Load(string tokenizer, JsonNode? config = null)
    {
        System.IO.File.WriteAllText(File, tokenizer);
        if (config is not null)
            System.IO.File.WriteAllText(System.IO.Path.Combine(Path, "tokenizer_config.json"), config.ToJsonString());
        return Tokenizer.Load(Path);
    }

    /// <summary>
    /// A model of the 256 bytes without merges, in which the last byte of each word ends with a bar, so that the split of a text is
    /// visible.
    /// </summary>
    public static JsonObject SplitsShown() => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = new JsonArray(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE", ["byte_fallback"] = true, ["end_of_word_suffix"] = "|", ["merges"] = new JsonArray(), ["vocab"] = Bytes(),
        },
    };

    private static JsonObject Bytes()
    {
        var bytes = new JsonObject();
        for (int value = 0; value < 256; value++)
            bytes[$"<0x{value:X2}>"] = value;
        return bytes;
    }
}
