using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>Files that are broken or need missing parts cause an exception that names the file and the error.</summary>
internal sealed class BrokenTokenizerTests
{
    private const string Junk = "{}[]\",:\\0x()*+";

    private static readonly string[] Families = ["bert", "llama", "mistral", "qwen3"];

    private static string Read(string model) => File.ReadAllText(Path.Combine(TestModels.Folder(model), "tokenizer.json"));

    [Test]
    public void SaysWhichFolderHasNoTokenizer()
    {
        using var folder = new TokenizerFolder();
        Assert.That(() => Tokenizer.Load(folder.Path), Throws.TypeOf<FileNotFoundException>().With.Message.Contains(folder.Path));
    }

    [TestCase("normalizer", """{"type": "Fancy"}""", "$.normalizer: the normalizer 'Fancy'")]
    [TestCase("pre_tokenizer", """{"type": "Fancy"}""", "$.pre_tokenizer: the pre-tokenizer 'Fancy'")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a)\\1"}, "behavior": "Isolated", "invert": false}""",
        "a reference to a group")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "\\p{Runic}"}, "behavior": "Isolated", "invert": false}""",
        "the property 'Runic'")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Eaten", "invert": false}""",
        "$.pre_tokenizer.behavior: the behavior 'Eaten'")]
    [TestCase("post_processor", """{"type": "Fancy"}""", "$.post_processor: the post-processor 'Fancy'")]
    [TestCase("decoder", """{"type": "Sequence", "decoders": [{"type": "Fancy"}]}""", "$.decoder.decoders[0]: the decoder 'Fancy'")]
    [TestCase("model", """{"type": "Fancy"}""", "$.model: the model 'Fancy'")]
    [TestCase("model", """{"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}""", "$.model.dropout: dropout of merges")]
    [TestCase("version", "\"2.0\"", "$.version: version '2.0'")]
    public void RefusesByNameWhatItDoesNotHave(string part, string value, string fault)
    {
        using var folder = new TokenizerFolder();
        JsonObject file = TokenizerFolder.SplitsShown();
        file[part] = JsonNode.Parse(value);
        Assert.That(() => folder.Load(file),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains(folder.File).And.Message.Contains(fault));
    }

    [TestCase("model", """{"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}""", "$.model.merges[0] needs the token 'ab'")]
    [TestCase("model", """{"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}""",
        "$.model.merges[0]: expected a pair of tokens, found \"a\"")]
    [TestCase("model", """{"type": "BPE", "vocab": {"a": -1}, "merges": []}""", "$.model.vocab: expected a number")]
    [TestCase("model", """{"type": "BPE", "merges": []}""", "$.model has no 'vocab'")]
    [TestCase("model", """{"type": "Unigram", "vocab": [["a", 0]], "unk_id": 7}""", "$.model.unk_id is 7")]
    [TestCase("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated", "invert": false}""",
        "an unclosed group")]
    [TestCase("pre_tokenizer",
        """{"type": "Split", "pattern": {"Regex": "[z-a]"}, "behavior": "Isolated", "invert": false}""", "an empty range")]
    [TestCase("normalizer", """{"type": "Precompiled", "precompiled_charsmap": "AAAA"}""", "$.normalizer.precompiled_charsmap")]
    [TestCase("added_tokens", """[{"id": 0, "special": true}]""", "$.added_tokens[0] has no 'content'")]
    [TestCase("added_tokens", """[{"content": "\ud800"}]""", "$.added_tokens[0].content isn't a valid string")]
    public void SaysWhereAFileIsBroken(string part, string value, string fault)
    {
        using var folder = new TokenizerFolder();
        string file = TokenizerFolder.SplitsShown().ToJsonString();
        // As text, because some of these errors can't be expressed as JSON nodes.
        file = string.Concat(file.AsSpan(0, file.Length - 1), $", \"{part}\": {value}}}");
        Assert.That(() => folder.Load(file),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(folder.File).And.Message.Contains(fault));
    }

    [Test]
    public void APatternThatExplodesEndsWithAnException()
    {
        using var folder = new TokenizerFolder();
        JsonObject file = TokenizerFolder.SplitsShown();
        file["pre_tokenizer"] =
            JsonNode.Parse("""{"type": "Split", "pattern": {"Regex": "(?:a+)+b"}, "behavior": "Isolated", "invert": false}""");
        Tokenizer tokenizer = folder.Load(file);
        Assert.That(
            () => tokenizer.Encode(new string('a', 40)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("takes too many steps"));
    }

    [TestCaseSource(nameof(Families))]
    public void ChangedFilesLoadOrNameTheFault(string model)
    {
        string original = Read(model);
        var random = new Random(16);
        using var folder = new TokenizerFolder();
        int refused = 0;
        for (int i = 0; i < 250; i++)
        {
            string changed = i % 2 == 0 ? WithAnotherNode(original, random) : WithOtherCharacters(original, random);
            try
            {
                Tokenizer tokenizer = folder.Load(changed);
                tokenizer.Decode(tokenizer.Encode("Hello <s> wörld 🙂\n\n 123"));
            }
            catch (Exception error) when (error is InvalidDataException or NotSupportedException)
            {
                refused++;
                Assert.That(error.Message, Does.Contain(folder.File));
            }
        }
        Assert.That(refused, Is.GreaterThan(50));
    }

    private static string WithOtherCharacters(string text, Random random)
    {
        var changed = new StringBuilder(text);
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(changed.Length);
            switch (random.Next(3))
            {
                case 0:
                    changed.Remove(at, Math.Min(random.Next(1, 300), changed.Length - at));
                    break;
                case 1:
                    changed.Insert(at, Junk[random.Next(Junk.Length)]);
                    break;
                default:
                    changed[at] = (char)random.Next(1, 0x250);
                    break;
            }
        }
        return changed.ToString();
    }

    /// <summary>Replaces, removes, or moves one value that isn't a token of the vocabulary.</summary>
    private static string WithAnotherNode(string text, Random random)
    {
        JsonNode root = JsonNode.Parse(text)!;
        var places = new List<(JsonNode Parent, string? Name, int Index)>();
        Collect(root, places);
        (JsonNode parent, string? name, int index) = places[random.Next(places.Count)];
        string junk = random.Next(8) switch
        {
            0 => "null",
            1 => "-1",
            2 => "4294967296",
            3 => "\"\"",
            4 => "\"(?<![\"",
            5 => "[]",
            6 => "{}",
            _ => "true",
        };
        if (name is null)
            parent.AsArray()[index] = JsonNode.Parse(junk);
        else if (random.Next(4) == 0)
            parent.AsObject().Remove(name);
        else
            parent.AsObject()[name] = JsonNode.Parse(junk);
        return root.ToJsonString();
    }

    private static void Collect(JsonNode node, List<(JsonNode, string?, int)> places)
    {
        if (node is JsonObject members)
        {
            foreach ((string name, JsonNode? value) in members.Take(12))
            {
                places.Add((node, name, 0));
                if (value is not null)
                    Collect(value, places);
            }
        }
        else if (node is JsonArray items)
        {
            for (int i = 0; i < Math.Min(items.Count, 12); i++)
            {
                places.Add((node, null, i));
                if (items[i] is { } item)
                    Collect(item, places);
            }
        }
    }
}
