using System.Text.Json;
using DotMlx.LanguageModels.Tokenizers.Decoders;
using DotMlx.LanguageModels.Tokenizers.Models;
using DotMlx.LanguageModels.Tokenizers.Normalizers;
using DotMlx.LanguageModels.Tokenizers.PostProcessors;
using DotMlx.LanguageModels.Tokenizers.PreTokenizers;

namespace DotMlx.LanguageModels.Tokenizers;

/// <summary>The tokenization steps from <c>tokenizer.json</c>.</summary>
internal sealed record TokenizerFile(Model Model, AddedTokens Added, PreTokenizer? PreTokenizer, PostProcessor? PostProcessor,
    Decoder? Decoder)
{
    public static TokenizerFile Read(JsonField root)
    {
        if (root.Find("version") is { } version && version.Text() != "1.0")
            throw version.Unknown($"version '{version.Text()}'");
        Normalizer? normalizer = Read(root, "normalizer", Normalizer.Read);
        var model = Model.Read(root.Get("model"));
        var added = new AddedTokens(model, normalizer);
        if (root.Find("added_tokens") is { } tokens)
            added.Add([.. tokens.Items().Select(AddedToken.Read)]);
        return new TokenizerFile(
            model, added, Read(root, "pre_tokenizer", PreTokenizer.Read), Read(root, "post_processor", PostProcessor.Read),
            Read(root, "decoder", Decoder.Read));
    }

    private static T? Read<T>(JsonField root, string name, Func<JsonField, T> read) where T : class =>
        root.Find(name) is { } field ? read(field) : null;

    /// <summary>Reads a JSON file. Error messages contain its path.</summary>
    public static T Load<T>(string path, Func<JsonField, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return read(new JsonField(document.RootElement, "$"));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is not JSON: {error.Message}", error);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
        catch (NotSupportedException error)
        {
            throw new NotSupportedException($"{path}: {error.Message}", error);
        }
    }
}
