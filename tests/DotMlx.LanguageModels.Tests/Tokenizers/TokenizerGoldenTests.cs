using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>
/// Every normalizer, pre-tokenizer, model, and decoder, and the regular expressions of published tokenizers, match Hugging Face's
/// tokenizers 0.23.2 on texts in many scripts. A case without a model uses the one that shows how the text was split.
/// </summary>
internal sealed class TokenizerGoldenTests
{
    private static readonly JsonObject Golden =
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Golden", "tokenizers.json")))!.AsObject();

    private static readonly string[] Texts = [.. Golden["texts"]!.AsArray().Select(text => (string)text!)];

    private static IEnumerable<TestCaseData> Splits => Cases("splits");

    private static IEnumerable<TestCaseData> Models => Cases("models");

    private static IEnumerable<TestCaseData> Decoders => Cases("decoders");

    private static IEnumerable<TestCaseData> Cases(string kind) =>
        Golden[kind]!.AsObject().Select(item => new TestCaseData(item.Value!.AsObject()).SetArgDisplayNames(item.Key));

    private static int[] Ids(JsonNode? ids) => [.. ids!.AsArray().Select(id => (int)id!)];

    [TestCaseSource(nameof(Splits))]
    public void SplitTextMatchesTransformers(JsonObject item)
    {
        using var folder = new TokenizerFolder();
        JsonObject file = TokenizerFolder.SplitsShown();
        foreach ((string name, JsonNode? part) in item["tokenizer"]!.AsObject())
            file[name] = part!.DeepClone();
        Tokenizer tokenizer = folder.Load(file);
        using (Assert.EnterMultipleScope())
        {
            foreach ((string text, JsonNode? expected) in Texts.Zip(item["expected"]!.AsArray()))
                Assert.That(Shown(tokenizer.Encode(text)), Is.EqualTo((string)expected!), text);
        }
    }

    [TestCaseSource(nameof(Models))]
    public void EncodedTokensMatchTransformers(JsonObject item)
    {
        using var folder = new TokenizerFolder();
        Tokenizer tokenizer = folder.Load(item["tokenizer"]!);
        using (Assert.EnterMultipleScope())
        {
            foreach ((string text, JsonNode? expected) in Texts.Zip(item["expected"]!.AsArray()))
                Assert.That(tokenizer.Encode(text), Is.EqualTo(Ids(expected)), text);
        }
    }

    [TestCaseSource(nameof(Decoders))]
    public void DecodedTextMatchesTransformers(JsonObject item)
    {
        using var folder = new TokenizerFolder();
        Tokenizer tokenizer = folder.Load(item["tokenizer"]!);
        using (Assert.EnterMultipleScope())
        {
            foreach ((JsonNode? ids, JsonNode? expected) in item["ids"]!.AsArray().Zip(item["expected"]!.AsArray()))
            {
                Assert.That(tokenizer.Decode(Ids(ids)), Is.EqualTo((string)expected!), ids!.ToJsonString());
                StreamingDecoder decoder = tokenizer.StartDecoding(skipSpecialTokens: false);
                string streamed = string.Concat(Ids(ids).Select(decoder.Add)) + decoder.Finish();
                if (!((string)expected!).Contains('\uFFFD', StringComparison.Ordinal))
                    Assert.That(streamed, Is.EqualTo((string)expected!), ids.ToJsonString());
            }
        }
    }

    /// <summary>The text of the IDs, with added tokens in braces.</summary>
    private static string Shown(int[] ids)
    {
        var bytes = new List<byte>();
        foreach (int id in ids)
            bytes.AddRange(id < 256 ? [(byte)id] : Encoding.UTF8.GetBytes($"{{{id}}}"));
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
