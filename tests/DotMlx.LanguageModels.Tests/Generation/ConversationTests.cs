namespace DotMlx.LanguageModels.Tests.Generation;

/// <summary>A model includes its tokenizer and its template: a conversation becomes a prompt, and the tokens become text.</summary>
internal sealed class ConversationTests
{
    [TestCaseSource(typeof(TestModels), nameof(TestModels.Names))]
    public void AConversationIsAnswered(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        if (name == "bert")
        {
            Assert.That((model.Tokenizer, model.ChatTemplate), Is.EqualTo((model.Tokenizer, (ChatTemplate?)null)));
            return;
        }
        string prompt = model.ChatTemplate!.Render(new Dictionary<string, object?>
        {
            ["messages"] = new[] { new Dictionary<string, object?> { ["role"] = "user", ["content"] = "Hello" } },
            ["add_generation_prompt"] = true,
            ["bos_token"] = "",
            ["eos_token"] = "",
        });
        Assert.That(prompt, Does.Contain("Hello"));
        GeneratedToken[] answer = [.. model.Generate(prompt, new() { MaxTokens = 8 })];
        Assert.That(answer[^1].FinishReason, Is.Not.Null);
    }
}
