namespace DotMlx.LanguageModels.Tests.Generation;

/// <summary>The streamed pieces add up to the text of all tokens, which ends before a stop string.</summary>
internal sealed class TextTests
{
    // Random weights draw bytes that aren't valid characters, and a tokenizer with byte fallback changes text that it has already shown.
    private static string[] Decoders =>
        [.. TestModels.Names.Where(name => name is not ("bert" or "gemma2" or "gemma3" or "mistral" or "mixtral" or "phi3"))];

    [TestCaseSource(nameof(Decoders))]
    public async Task TheTextOfAllTokensIsShown(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        List<GeneratedToken> tokens = [];
        await foreach (GeneratedToken token in model.GenerateAsync("Hello world",
            new() { MaxTokens = 40, EndTokens = [], Temperature = 1, Seed = 5 }))
        {
            tokens.Add(token);
        }
        Assert.That(tokens, Has.Count.EqualTo(40));
        string whole = model.Tokenizer!.Decode(tokens.Select(token => token.Token), skipSpecialTokens: true);
        Assert.That(string.Concat(tokens.Select(token => token.Text)), Is.EqualTo(whole));
        Assert.That(whole, Is.Not.Empty);
    }

    [Test]
    public void TextEndsWhereAStopStringBegins([Values("llama", "gemma2", "qwen3")] string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        GenerationOptions options = new() { MaxTokens = 40, EndTokens = [], Temperature = 1, Seed = 8 };
        string whole = Text(model.Generate("The weather", options), out _);
        for (int start = 2; start + 5 < whole.Length; start += 3)
        {
            string stop = whole.Substring(start, 5);
            string text = Text(model.Generate("The weather", options with { StopStrings = ["never there", stop] }),
                out FinishReason? reason);
            Assert.That(text, Is.EqualTo(whole[..whole.IndexOf(stop, StringComparison.Ordinal)]));
            Assert.That(reason, Is.EqualTo(FinishReason.StopString));
        }
    }

    [Test]
    public void WithoutATokenizerThereAreTokensOnly()
    {
        using ModelCopy copy = new("llama");
        File.Delete(copy["tokenizer.json"]);
        using LanguageModel model = copy.Load();
        (int[] prompt, int[] next) = Prompts.Of("llama");
        Assert.That(model.Tokenizer, Is.Null);
        GeneratedToken[] tokens = [.. model.Generate(prompt, Prompts.Greedy)];
        Assert.That(tokens.Tokens(), Is.EqualTo(next));
        Assert.That(tokens.Select(token => token.Text), Is.All.Empty);
        Assert.That(() => model.Generate("text"), Throws.InvalidOperationException.With.Message.Contains("tokenizer.json"));
        Assert.That(() => model.Generate(prompt, new() { StopStrings = ["x"] })
            .Tokens(), Throws.InvalidOperationException.With.Message.Contains("Stop strings"));
    }

    private static string Text(IEnumerable<GeneratedToken> tokens, out FinishReason? reason)
    {
        GeneratedToken[] all = [.. tokens];
        reason = all[^1].FinishReason;
        return string.Concat(all.Select(token => token.Text));
    }
}
