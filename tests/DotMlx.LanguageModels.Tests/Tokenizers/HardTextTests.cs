using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>Texts that are long, invalid, or without letters.</summary>
[TestFixture("bert")]
[TestFixture("llama")]
[TestFixture("mistral")]
[TestFixture("olmo2")]
internal sealed class HardTextTests(string name)
{
    private readonly Tokenizer _tokenizer = Tokenizer.Load(TestModels.Folder(name));

    /// <summary>A quadratic algorithm takes minutes for each of these texts.</summary>
    [TestCase("a")]
    [TestCase("the")]
    [TestCase(" ")]
    [TestCase("\n")]
    [TestCase("語")]
    [TestCase("é")]
    [TestCase("a\u0301\u0323")]
    [TestCase("\u0301")]
    [TestCase("=")]
    [TestCase("Aa")]
    [TestCase("<")]
    [TestCase("🙂")]
    public void TakesVeryLongWords(string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, 400_000 / unit.Length));
        int[] ids = _tokenizer.Encode(text, addSpecialTokens: false);
        Assert.That(ids.Distinct().Count(), Is.LessThan(20), "the same tokens again and again");
    }

    [TestCase("\uD83D")]
    [TestCase("\uDE42\uD83D")]
    [TestCase("a\uD83Db\uDE42")]
    public void SurrogatesWithoutAPartnerCountAsReplacementCharacters(string text)
    {
        string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.That(_tokenizer.Encode(text), Is.EqualTo(_tokenizer.Encode(wellFormed)));
    }

    [TestCase("\0a\0")]
    [TestCase("\u0001\u001F\u007F\u0085\u009F")]
    [TestCase("👩‍👩‍👧‍👦🏽 🏳️‍🌈")]
    [TestCase("क्षत्रिय ภาษาไทย العَرَبِيَّة")]
    [TestCase("𝒳𝐇 𠀀 𐐀 \U0010FFFF")]
    public void ReadsBackWhatItWrites(string text)
    {
        // WordPiece drops unknown characters.
        if (name == "bert")
            return;
        string normalized = _tokenizer.Decode(_tokenizer.Encode(text, addSpecialTokens: false));
        Assert.That(normalized, Is.EqualTo(text));
    }
}

/// <summary>Streaming decoding of tokens that aren't whole characters.</summary>
internal sealed class StreamingDecoderTests
{
    private static readonly JsonObject ByteLevel = new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true };

    private static readonly JsonObject ByteFallback = new()
    {
        ["type"] = "Sequence",
        ["decoders"] = new JsonArray(new JsonObject { ["type"] = "ByteFallback" }, new JsonObject { ["type"] = "Fuse" }),
    };

    private static Tokenizer Load(TokenizerFolder folder, JsonObject decoder, params string[] tokens)
    {
        JsonObject file = TokenizerFolder.SplitsShown();
        file["decoder"] = decoder.DeepClone();
        foreach ((int i, string token) in tokens.Index())
            file["model"]!["vocab"]![token] = 256 + i;
        return folder.Load(file);
    }

    private static string[] Parts(Tokenizer tokenizer, params int[] ids)
    {
        StreamingDecoder decoder = tokenizer.StartDecoding();
        return [.. ids.Select(decoder.Add), decoder.Finish()];
    }

    [Test]
    public void HoldsBackByteTokensUntilTheCharacterIsWhole()
    {
        using var folder = new TokenizerFolder();
        Tokenizer tokenizer = Load(folder, ByteFallback, "x");
        Assert.That(Parts(tokenizer, 0xE4, 0xBD, 0xA0, 256, 0xF0, 0x9F, 0x99, 0x82),
            Is.EqualTo(new[] { "", "", "你", "x", "", "", "", "🙂", "" }));
        Assert.That(Parts(tokenizer, 256, 0xE4, 0xBD), Is.EqualTo(new[] { "x", "", "", "\uFFFD\uFFFD" }));
        Assert.That(string.Concat(Parts(tokenizer, 0xFF, 0xFF, 256)), Is.EqualTo("\uFFFD\uFFFDx"));
    }

    [Test]
    public void HoldsBackByteLevelTokensThatEndWithinACharacter()
    {
        using var folder = new TokenizerFolder();
        Tokenizer tokenizer = Load(folder, ByteLevel, "aä", "½ł", "łb", "ÿ");
        Assert.That(Parts(tokenizer, 256, 257, 256, 259, 258), Is.EqualTo(new[] { "", "a\u4F60", "", "a\uFFFD\uFFFD", "\uFFFDb", "" }));
    }

    [Test]
    public void BytesThatNeverBecomeACharacterAreNotHeldForever()
    {
        using var folder = new TokenizerFolder();
        Tokenizer tokenizer = Load(folder, ByteLevel, "ä");
        int[] ids = [.. Enumerable.Repeat(256, 20_000)];
        Assert.That(string.Concat(Parts(tokenizer, ids)), Is.EqualTo(tokenizer.Decode(ids)));
    }

    [Test]
    public void CanBeUsedAgainAfterTheEnd()
    {
        using var folder = new TokenizerFolder();
        StreamingDecoder decoder = Load(folder, ByteFallback, "x").StartDecoding();
        decoder.Add(0xE4);
        Assert.That(decoder.Finish(), Is.EqualTo("\uFFFD"));
        Assert.That(decoder.Add(256) + decoder.Finish(), Is.EqualTo("x"));
    }

    [Test]
    public void CleansUpSpacesAcrossTokens([Values(1, 2, 3)] int seed)
    {
        string[] tokens = [" ", ".", " .", "'", " '", "n", "'t", "t", " n", "m", "s", " ve", "v", "e", " re", "a", "b ", ",", "!", "  "];
        using var folder = new TokenizerFolder();
        JsonObject file = TokenizerFolder.SplitsShown();
        file["decoder"] = new JsonObject { ["type"] = "Fuse" };
        foreach ((int i, string token) in tokens.Index())
            file["model"]!["vocab"]![token] = 256 + i;
        Tokenizer tokenizer = folder.Load(file, new JsonObject { ["clean_up_tokenization_spaces"] = true });
        var random = new Random(seed);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tokenizer.Decode([256 + 15, 256 + 2, 256 + 15, 256 + 8, 256 + 6]), Is.EqualTo("a.an't"));
            for (int i = 0; i < 300; i++)
            {
                int[] ids = [.. Enumerable.Range(0, 12).Select(_ => 256 + random.Next(tokens.Length))];
                Assert.That(string.Concat(Parts(tokenizer, ids)), Is.EqualTo(tokenizer.Decode(ids)));
            }
        }
    }
}
