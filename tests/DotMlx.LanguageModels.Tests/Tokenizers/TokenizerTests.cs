using System.Text;
using System.Text.Json;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>Tests every text of the models with known answers, in both directions.</summary>
[TestFixtureSource(typeof(TestModels), nameof(TestModels.Names))]
internal sealed class TokenizerTests(string name)
{
    private Tokenizer _tokenizer = null!;
    private JsonElement[] _texts = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _tokenizer = Tokenizer.Load(TestModels.Folder(name));
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestModels.Folder(name), "expected.json")));
        _texts = [.. expected.RootElement.GetProperty("tokenizer").Clone().EnumerateArray()];
    }

    private static int[] Ids(JsonElement text, string member) => [.. text.GetProperty(member).EnumerateArray().Select(id => id.GetInt32())];

    [Test]
    public void EncodesEveryText()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement text in _texts)
            {
                string source = text.GetProperty("text").GetString()!;
                Assert.That(_tokenizer.Encode(source), Is.EqualTo(Ids(text, "ids")), source);
                Assert.That(_tokenizer.Encode(source, addSpecialTokens: false), Is.EqualTo(Ids(text, "ids_without_special")), source);
            }
        }
    }

    [Test]
    public void DecodesEveryText()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement text in _texts)
            {
                // The first text is that of the IDs alone, and the second that of the IDs with the special tokens around them.
                Assert.That(_tokenizer.Decode(Ids(text, "ids_without_special")), Is.EqualTo(text.GetProperty("decoded").GetString()));
                Assert.That(
                    _tokenizer.Decode(Ids(text, "ids"), skipSpecialTokens: true),
                    Is.EqualTo(text.GetProperty("decoded_skipping_special").GetString()));
            }
        }
    }

    [Test]
    public void BytesOfTokensAreTheText()
    {
        Assume.That(name, Is.Not.EqualTo("bert"), "it cleans up white space");
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement text in _texts)
            {
                byte[] bytes = [.. Ids(text, "ids_without_special").SelectMany(_tokenizer.IdToBytes)];

                // For some tokenizers, a space at the beginning isn't part of the text.
                Assert.That(Encoding.UTF8.GetString(bytes).TrimStart(' '),
                    Is.EqualTo(text.GetProperty("decoded").GetString()!.TrimStart(' ')));
            }
            Assert.That(_tokenizer.IdToBytes(-1), Is.Empty);
        }
    }

    [Test]
    public void StreamsWhatItDecodes([Values] bool skipSpecialTokens)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement text in _texts)
            {
                StreamingDecoder decoder = _tokenizer.StartDecoding(skipSpecialTokens);
                string[] parts = [.. Ids(text, "ids").Select(decoder.Add), decoder.Finish()];
                string whole = _tokenizer.Decode(Ids(text, "ids"), skipSpecialTokens);
                Assert.That(string.Concat(parts), Is.EqualTo(whole));
                if (!whole.Contains('\uFFFD', StringComparison.Ordinal))
                    Assert.That(parts, Has.None.Contains("\uFFFD"));
            }
        }
    }

    [Test]
    public void KnowsItsSpecialTokens()
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestModels.Folder(name), "tokenizer_config.json")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_tokenizer.VocabularySize, Is.EqualTo(400));
            foreach ((string role, int? id) in new[]
                { ("bos_token", _tokenizer.BosId), ("eos_token", _tokenizer.EosId), ("pad_token", _tokenizer.PadId) })
            {
                string? token = config.RootElement.TryGetProperty(role, out JsonElement value) ? value.GetString() : null;
                Assert.That(id is { } known ? _tokenizer.IdToToken(known) : null, Is.EqualTo(token), role);
                Assert.That(id is null || _tokenizer.IsSpecial(id.Value), Is.True, role);
            }
        }
    }
}
