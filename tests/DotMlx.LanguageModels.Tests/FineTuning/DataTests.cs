using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels.Tests;

internal sealed class DataTests
{
    private string _file = "";
    private LanguageModel _model = null!;

    [OneTimeSetUp]
    public void LoadModel() => _model = LanguageModel.Load(TestModels.Folder("qwen3"));

    [OneTimeTearDown]
    public void FreeModel() => _model.Dispose();

    [SetUp]
    public void MakeFile() => _file = Path.GetTempFileName();

    [TearDown]
    public void DeleteFile() => File.Delete(_file);

    [Test]
    public void TextGetsTheEndToken()
    {
        Example example = Load("""{"text": "Hello there"}""")[0];
        Assert.Multiple(() =>
        {
            Assert.That(example.Tokens, Is.EqualTo((int[])[.. _model.Tokenizer!.Encode("Hello there"), _model.Tokenizer.EosId!.Value]));
            Assert.That(example.PromptLength, Is.Zero);
        });
    }

    [Test]
    public void ConversationsAndCompletionsAreRenderedByTheTemplate()
    {
        ExampleSet set = Load(
            """{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}""" + "\n\n"
            + """{"prompt": "Hi", "completion": "Hello"}""" + "\n"
            + """{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "tools": [{"type": "function", "function": {"name": "clock"}}]}""",
            new() { MaskPrompt = true });
        string prompt = _model.ChatTemplate!.Render([new Dictionary<string, object?> { ["role"] = "user", ["content"] = "Hi" }],
            addGenerationPrompt: true);
        Assert.Multiple(() =>
        {
            Assert.That(set.Count, Is.EqualTo(3));
            Assert.That(set[0].Tokens, Is.EqualTo(set[1].Tokens));
            Assert.That(set[0].PromptLength, Is.EqualTo(_model.Tokenizer!.Encode(prompt, addSpecialTokens: false).Length));
            Assert.That(_model.Tokenizer.Decode(set[2].Tokens), Does.Contain("clock"));
            Assert.That(set[2].PromptLength, Is.GreaterThan(set[0].PromptLength));
        });
    }

    [TestCase("{\"text\": \"a\"}\n{\"text\": \"b\"", 2, "isn't valid JSON")]
    [TestCase("{\"text\": \"a b\"}\n\n[1]", 3, "it is a list, expected an object")]
    [TestCase("{\"txt\": \"a\"}", 1, "it has 'txt', expected 'messages', 'prompt' and 'completion', or 'text'")]
    [TestCase("{\"text\": 5}", 1, "'text' is a number, expected a string")]
    [TestCase("{\"messages\": [{\"content\": \"x\"}]}", 1, "message 1 of 'messages' has no 'role'")]
    [TestCase("{\"text\": \"\\ud800\"}", 1, "")]
    public void ErrorsNameTheInvalidLine(string lines, int number, string fault) => Assert.That(
        () => Load(lines), Throws.TypeOf<InvalidDataException>().With.Message
            .StartsWith($"'{_file}', line {number}: ").And.Message.Contains(fault));

    [Test]
    public void MaskingTextIsRefused() => Assert.That(
        () => Load("""{"text": "a"}""", new() { MaskPrompt = true }),
        Throws.TypeOf<InvalidDataException>().With.Message.Contains("no prompt to mask"));

    [Test]
    public void LongTextsAreCutAndEmptyOnesLeftOut()
    {
        ExampleSet set = Load("""{"text": "one two three four five six seven"}""" + "\n" + """{"text": ""}""", new() { MaxLength = 4 });
        Assert.Multiple(() =>
        {
            Assert.That((set.Count, set.Truncated, set.Skipped), Is.EqualTo((1, 1, 1)));
            Assert.That(set[0].Tokens, Has.Length.EqualTo(4));
        });
    }

    [Test]
    public void AChangedFileIsNoticed()
    {
        ExampleSet set = Load("""{"text": "one two"}""");
        File.WriteAllText(_file, """{"text": "x y z"}  """);
        Assert.That(() => set[0], Throws.TypeOf<InvalidDataException>().With.Message.Contains("line 1"));
    }

    [Test]
    public void BatchesArePaddedAsMlxLmPadsThem()
    {
        using TrainingBatch batch = TrainingBatch.Pad([new([5, 6, 7], 0), new([.. Enumerable.Range(1, 33)], 30)], 2048);
        Assert.Multiple(() =>
        {
            Assert.That(batch.Tokens.Shape.ToArray(), Is.EqualTo(new[] { 2, 65 }));
            Assert.That(batch.Tokens[0].ToArray<int>(), Is.EqualTo((int[])[5, 6, 7, .. new int[62]]));
            Assert.That(batch.Mask[0].ToArray<bool>().Select((learned, i) => learned ? i : -1)
                .Where(i => i >= 0), Is.EqualTo(new[] { 0, 1, 2 }));
            Assert.That(batch.Mask[1].ToArray<bool>().Select((learned, i) => learned ? i : -1)
                .Where(i => i >= 0), Is.EqualTo(new[] { 29, 30, 31, 32 }));
            Assert.That(batch.Count, Is.EqualTo(7));
        });
    }

    [Test]
    public void PackedRowsHoldEveryTextOnce()
    {
        ExampleSet set = Load(string.Join('\n', Enumerable.Range(0, 12)
            .Select(i => $$"""{"text": "{{new string('x', i + 1)}} number {{i}}"}""")), new() { Packed = true, MaxLength = 40 });
        BatchPlan plan = new(set, 1, seed: 3);
        List<int> tokens = [];
        int learned = 0;
        for (int i = 0; i < plan.BatchesOf(0); i++)
        {
            using TrainingBatch batch = plan.Read(0, i);
            Assert.That(batch.Tokens.Shape.ToArray(), Is.EqualTo(new[] { 1, 40 }));
            tokens.AddRange(batch.Tokens.ToArray<int>());
            learned += batch.Count;
        }
        Assert.Multiple(() =>
        {
            int[] all = [.. Enumerable.Range(0, 12).SelectMany(i => set[i].Tokens)];
            Assert.That(tokens.Count(token => token == _model.Tokenizer!.EosId), Is.EqualTo(12));
            Assert.That(tokens.Where(token => token != 0), Is.EquivalentTo(all.Where(token => token != 0)));
            Assert.That(learned, Is.EqualTo(all.Length - 12), "the first token of a text follows from nothing");
        });
    }

    [Test]
    public void TheOrderFollowsFromSeedAndEpoch()
    {
        ExampleSet set = Load(string.Join('\n', Enumerable.Range(0, 20).Select(i => $$"""{"text": "number {{i}}"}""")));
        string[] first = Order(1, 0);
        Assert.Multiple(() =>
        {
            Assert.That(Order(1, 0), Is.EqualTo(first));
            Assert.That(Order(1, 0), Is.Not.EqualTo(Order(2, 0)));
            Assert.That(Order(1, 0), Is.Not.EqualTo(Order(1, 1)));
            Assert.That(Order(1, 1), Is.EquivalentTo(Order(1, 0)));
            Assert.That(() => new BatchPlan(set, 21, 0),
                Throws.ArgumentException.With.Message.Contains("has 20 examples, but a batch takes 21"));
        });

        string[] Order(ulong seed, long epoch)
        {
            BatchPlan plan = new(set, 2, seed);
            return [.. Enumerable.Range(0, plan.BatchesOf(epoch)).Select(i =>
            {
                using TrainingBatch batch = plan.Read(epoch, i);
                return string.Join(' ', batch.Tokens.ToArray<int>());
            })];
        }
    }

    private ExampleSet Load(string lines, DataOptions? options = null)
    {
        File.WriteAllText(_file, lines);
        return ExampleSet.Load(_file, _model, options);
    }
}
