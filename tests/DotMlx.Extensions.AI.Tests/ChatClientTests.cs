using System.Diagnostics;
using System.Runtime.CompilerServices;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace DotMlx.Extensions.AI.Tests;

public sealed class ChatClientTests
{
    private static readonly ChatMessage[] Question = [new(ChatRole.System, "Be short."), new(ChatRole.User, "How are you?")];

    [Test]
    public async Task AnswerIsWhatTheModelGeneratesFromTheRenderedConversation()
    {
        using MlxChatClient client = new(Models.Qwen3);
        ChatResponse response = await client.GetResponseAsync(Question, new() { MaxOutputTokens = 12, Temperature = 0 });
        string rendered = ChatTemplate.Load(Models.Qwen3.Folder)!.Render(
            [Message("system", "Be short."), Message("user", "How are you?")], addGenerationPrompt: true,
            specialTokens: Models.Qwen3.Tokenizer!.SpecialTokens);
        int[] prompt = Models.Qwen3.Tokenizer!.Encode(rendered, addSpecialTokens: false);
        GeneratedToken[] tokens = [.. Models.Qwen3.Generate(prompt, new() { MaxTokens = 12 })];
        Assert.That(response.Text, Is.EqualTo(string.Concat(tokens.Select(token => token.Text))));
        Assert.That(response.Usage!.InputTokenCount, Is.EqualTo(prompt.Length));
        Assert.That(response.Usage.OutputTokenCount, Is.EqualTo(tokens.Length));
        Assert.That(response.Usage.TotalTokenCount, Is.EqualTo(prompt.Length + tokens.Length));
        Assert.That(response.FinishReason,
            Is.EqualTo(tokens[^1].FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop));
        Assert.That(response.ModelId, Is.EqualTo("qwen3"));
    }

    [Test]
    public async Task StreamedPartsAreTheAnswer()
    {
        using MlxChatClient client = new(Models.Qwen3);
        ChatOptions options = new() { MaxOutputTokens = 20, Temperature = 0 };
        string whole = (await client.GetResponseAsync(Question, options)).Text;
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync(Question, options).ToListAsync();
        Assert.That(string.Concat(updates.Select(update => update.Text)), Is.EqualTo(whole));
        Assert.That(updates.Select(update => update.MessageId).Distinct(), Has.Exactly(1).Items);
        Assert.That(updates, Has.Count.GreaterThan(2));
    }

    [Test]
    public async Task TheNextTurnComputesOnlyNewTokens()
    {
        using MlxChatClient client = new(Models.Qwen3);
        using MlxChatClient forgetful = new(Models.Qwen3, new() { CachedConversations = 0 });
        ChatOptions options = new() { MaxOutputTokens = 8, Temperature = 0 };
        List<ChatMessage> conversation = [.. Question];
        ChatResponse first = await client.GetResponseAsync(conversation, options);
        Assert.That(first.Usage!.CachedInputTokenCount, Is.Zero);
        conversation.AddRange([new(ChatRole.Assistant, first.Text), new(ChatRole.User, "And now?")]);
        ChatResponse second = await client.GetResponseAsync(conversation, options);
        Assert.That(second.Usage!.CachedInputTokenCount, Is.GreaterThan(first.Usage.InputTokenCount!.Value / 2));
        Assert.That(second.Text, Is.EqualTo((await forgetful.GetResponseAsync(conversation, options)).Text));
    }

    [Test]
    public async Task UsageTellsWhatTheGenerationReused()
    {
        using MlxChatClient client = new(
            Models.Qwen3, null, static (_, _, _, _, _) =>
                new[] { new GeneratedToken(1, "a") { CachedPromptTokens = 3 }, new GeneratedToken(2, "b") { CachedPromptTokens = 3 } }
                    .ToAsyncEnumerable());
        UsageDetails usage = (await client.GetResponseAsync(Question)).Usage!;
        Assert.That(usage.CachedInputTokenCount, Is.EqualTo(3));
        Assert.That(usage.OutputTokenCount, Is.EqualTo(2));
    }

    [Test]
    public async Task ManyRequestsAtOnceGetTheirOwnAnswers()
    {
        using MlxChatClient client = new(Models.Qwen3, new() { MaxConcurrentRequests = 3, CachedConversations = 2 });
        ChatOptions options = new() { MaxOutputTokens = 6, Temperature = 0 };
        string[] alone = new string[10];
        for (int i = 0; i < alone.Length; i++)
        {
            alone[i] = (await client.GetResponseAsync($"Question {i}?", options)).Text;
        }
        string[] together = await Task.WhenAll(Enumerable.Range(0, alone.Length)
            .Select(async i => (await client.GetResponseAsync($"Question {i}?", options)).Text));
        Assert.That(together, Is.EqualTo(alone));
    }

    [Test]
    public async Task SeedMakesSamplingRepeatable()
    {
        using MlxChatClient client = new(Models.Qwen3);
        ChatOptions options = new() { MaxOutputTokens = 10, Temperature = 1, Seed = 7 };
        ChatResponse first = await client.GetResponseAsync(Question, options);
        ChatResponse second = await client.GetResponseAsync(Question, options);
        Assert.That(second.Text, Is.EqualTo(first.Text));
    }

    [Test]
    public async Task LogProbabilitiesComeWithTheTokens()
    {
        using MlxChatClient client = new(Models.Qwen3);
        ChatOptions options = new()
            { MaxOutputTokens = 6, Temperature = 0, AdditionalProperties = new() { ["logprobs"] = true, ["top_logprobs"] = 2 } };
        ChatResponse response = await client.GetResponseAsync(Question, options);
        List<ChatResponseUpdate> updates = await client.GetStreamingResponseAsync(Question, options).ToListAsync();
        var tokens = (IReadOnlyList<GeneratedToken>)response.RawRepresentation!;
        GeneratedToken[] streamed = [.. updates.SelectMany(update => (IReadOnlyList<GeneratedToken>)update.RawRepresentation!)];
        Assert.That(tokens, Has.Count.EqualTo(6));
        Assert.That(string.Concat(tokens.Select(token => token.Text)), Is.EqualTo(response.Text));
        Assert.That(tokens.Select(token => token.TopLogProbabilities[0].LogProbability),
            Is.EqualTo(tokens.Select(token => token.LogProbability)));
        Assert.That(tokens.Select(token => token.TopLogProbabilities.Count), Is.All.EqualTo(2));
        Assert.That(streamed.Select(token => token.Token), Is.EqualTo(tokens.Select(token => token.Token)));
        Assert.That(streamed.Select(token => token.LogProbability!.Value),
            Is.EqualTo(tokens.Select(token => token.LogProbability!.Value)).Within(1e-4));
    }

    [Test]
    public async Task LogitBiasForbidsTokens()
    {
        using MlxChatClient client = new(Models.Qwen3);
        ChatOptions options = new() { MaxOutputTokens = 1, Temperature = 0 };
        int usual = ((IReadOnlyList<GeneratedToken>)(await client.GetResponseAsync(Question, options)).RawRepresentation!)[0].Token;
        options.AdditionalProperties = new() { ["logit_bias"] = new Dictionary<int, double> { [usual] = -100 } };
        int other = ((IReadOnlyList<GeneratedToken>)(await client.GetResponseAsync(Question, options)).RawRepresentation!)[0].Token;
        Assert.That(other, Is.Not.EqualTo(usual));
        options.AdditionalProperties = new() { ["logit_bias"] = "strong" };
        await Assert.ThatAsync(() => client.GetResponseAsync(Question, options),
            Throws.ArgumentException.With.Message.Contains("expected IReadOnlyDictionary<int, double>"));
    }

    [Test]
    public async Task CanceledRequestEndsAndTheNextOneIsServed()
    {
        using MlxChatClient client = new(Models.Qwen3, new() { MaxConcurrentRequests = 1 });
        using CancellationTokenSource source = new();
        async Task Read()
        {
            await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync(Question,
                new() { MaxOutputTokens = 100_000, StopSequences = [] }, source.Token))
            {
                await source.CancelAsync();
            }
        }
        await Assert.ThatAsync(Read, Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await client.GetResponseAsync(Question, new() { MaxOutputTokens = 2 })).Usage!.OutputTokenCount, Is.GreaterThan(0));
    }

    [Test]
    public async Task FunctionsAreInvokedAndTheirResultsReachTheModel()
    {
        List<string> prompts = [];
        MlxChatClient scripted = new(Models.Qwen3, null, (model, prompt, _, _, token) =>
        {
            prompts.Add(model.Tokenizer!.Decode(prompt));
            return Say(prompts.Count == 1
                ? "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}\n</tool_call>"
                : "It rains.", token);
        });
        AIFunction weather = AIFunctionFactory.Create(
            ([System.ComponentModel.Description("The city")] string city, int days) => new { Rain = true, City = city, Days = days },
            "weather", "Tells the weather.");
        using IChatClient client = scripted.AsBuilder().UseFunctionInvocation().Build();
        ChatResponse response = await client.GetResponseAsync("Weather in Köln?", new() { Tools = [weather] });
        Assert.That(response.Text, Is.EqualTo("It rains."));
        Assert.That(prompts, Has.Count.EqualTo(2));
        Assert.That(prompts[0], Does.Contain("Tells the weather.").And.Contain("\"city\""));
        Assert.That(prompts[1], Does.Contain("<tool_response>").And.Contain("Köln").And.Contain("\"rain\":true").IgnoreCase);
        Assert.That(prompts[1], Does.Contain("{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", \"days\": 2}}"));
    }

    [Test]
    public async Task ToolCallsEndTheAnswerWithTheirReason()
    {
        using MlxChatClient client = new(Models.Qwen3, null,
            (_, _, _, _, token) => Say("<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>", token));
        ChatResponse response = await client.GetResponseAsync("What time is it?",
            new() { Tools = [AIFunctionFactory.Create(() => "noon", "now")] });
        Assert.That(response.FinishReason, Is.EqualTo(ChatFinishReason.ToolCalls));
        Assert.That(response.Messages[0].Contents.OfType<FunctionCallContent>().Single().Name, Is.EqualTo("now"));
    }

    [Test]
    public async Task UnsupportedOptionsAreRejectedByName()
    {
        using MlxChatClient client = new(Models.Qwen3);
        await Assert.ThatAsync(
            () => client.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("DataContent"));
        await Assert.ThatAsync(
            () => client.GetResponseAsync(Question, new() { Tools = [new HostedWebSearchTool()] }),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("HostedWebSearchTool"));
        await Assert.ThatAsync(
            () => client.GetResponseAsync(Question,
                new() { Tools = [AIFunctionFactory.Create(() => 1, "one")], ToolMode = ChatToolMode.RequireAny }),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("Require"));
        await Assert.ThatAsync(
            () => client.GetResponseAsync(Question, new() { ModelId = "gpt-4" }),
            Throws.ArgumentException.With.Message.Contains("gpt-4").And.Message.Contains("qwen3"));
    }

    [Test]
    public async Task RefusalOfTheTemplateReachesTheCaller()
    {
        using LanguageModel model = LanguageModel.Load(Models.Folder("llama"));
        using MlxChatClient client = new(model);
        await Assert.ThatAsync(
            () => client.GetResponseAsync([new ChatMessage(new ChatRole("wizard"), "Abracadabra")]),
            Throws.InstanceOf<ChatTemplateException>().With.Message.Contains("not wizard"));
    }

    [Test]
    public async Task ToolsAreRefusedWhereTheTemplateHasNoPlaceForThem()
    {
        using LanguageModel model = LanguageModel.Load(Models.Folder("phi3"));
        using MlxChatClient client = new(model);
        await Assert.ThatAsync(
            () => client.GetResponseAsync("Hi", new() { Tools = [AIFunctionFactory.Create(() => 1, "one")] }),
            Throws.InstanceOf<NotSupportedException>().With.Message.Contains("doesn't support tools"));
    }

    [Test]
    public void AnEncoderIsRejected()
    {
        using LanguageModel model = LanguageModel.Load(Models.Folder("bert"));
        Assert.That(() => new MlxChatClient(model), Throws.InstanceOf<NotSupportedException>());
    }

    [Test]
    public async Task InstructionsAndJsonFormatJoinTheSystemMessage()
    {
        string? seen = null;
        using MlxChatClient client = new(Models.Qwen3, null, (model, prompt, _, _, token) =>
        {
            seen = model.Tokenizer!.Decode(prompt);
            return Say("{}", token);
        });
        await client.GetResponseAsync(Question, new() { Instructions = "Speak German.", ResponseFormat = ChatResponseFormat.Json });
        Assert.That(seen, Does.Contain("Be short.\n\nSpeak German.\n\nAnswer with a JSON object"));
    }

    [Test]
    public void GetServiceReturnsTheModel()
    {
        using MlxChatClient client = new(Models.Qwen3, new() { ModelId = "tiny" });
        Assert.That(client.GetService<ChatClientMetadata>()!.DefaultModelId, Is.EqualTo("tiny"));
        Assert.That(client.GetService<LanguageModel>(), Is.SameAs(Models.Qwen3));
        Assert.That(client.GetService<IChatClient>(), Is.SameAs(client));
        Assert.That(client.GetService<string>(), Is.Null);
    }

    [Test]
    public async Task ContainerLoadsTheModelOnceAndDisposesIt()
    {
        ServiceCollection services = new();
        services.AddMlxChatClient(Models.Folder("qwen3"), new() { ModelId = "tiny" }).UseFunctionInvocation();
        services.AddMlxEmbeddingGenerator(Models.Folder("qwen3"));
        MlxArray weight;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            IChatClient client = provider.GetRequiredService<IChatClient>();
            ChatResponse response = await client.GetResponseAsync("Hi", new() { MaxOutputTokens = 2 });
            Assert.That(response.ModelId, Is.EqualTo("tiny"));
            LanguageModel model = client.GetService<LanguageModel>()!;
            Assert.That(provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>()
                .GetService<LanguageModel>(), Is.SameAs(model));
            weight = model.Model.Parameters().Flatten()[0].Value;
            Assert.That(weight.IsDisposed, Is.False);
        }
        Assert.That(weight.IsDisposed, Is.True);
    }

    [Test]
    public async Task TelemetryOfTheLibraryNamesTheModel()
    {
        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using IChatClient client = new MlxChatClient(Models.Qwen3).AsBuilder().UseOpenTelemetry(sourceName: "tests").Build();
        await client.GetResponseAsync(Question, new() { MaxOutputTokens = 2 });
        Assert.That(activities, Has.Count.EqualTo(1));
        Assert.That(activities[0].GetTagItem("gen_ai.usage.output_tokens"), Is.Not.Null);
        Assert.That(activities[0].DisplayName, Does.Contain("qwen3"));
    }

    private static Dictionary<string, object?> Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static async IAsyncEnumerable<GeneratedToken> Say(string text, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        foreach (char[] part in text.Chunk(3))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new GeneratedToken(0, new string(part));
        }
        yield return new GeneratedToken(0, "") { FinishReason = FinishReason.EndToken };
    }
}
