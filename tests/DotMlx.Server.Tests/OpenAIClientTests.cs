using System.ClientModel;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Models;

namespace DotMlx.Server.Tests;

/// <summary>The results that OpenAI's client for .NET, and Microsoft.Extensions.AI on top of it, get from the server.</summary>
internal sealed class OpenAIClientTests
{
    private Served _served = null!;
    private OpenAIClient _client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _served = await Served.StartAsync(change: options => options with
        {
            ApiKey = "secret", Adapters = new Dictionary<string, string> { ["tuned"] = Path.Combine(AppContext.BaseDirectory, "adapters") },
        });
        _client = Client("secret");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _served.DisposeAsync();

    [Test]
    public async Task AChatReturnsACompletion()
    {
        ChatCompletion answer = await _client.GetChatClient("qwen3").CompleteChatAsync(
            [new SystemChatMessage("Be brief."), new UserChatMessage("Hello")], new ChatCompletionOptions { MaxOutputTokenCount = 12 });
        Assert.Multiple(() =>
        {
            Assert.That(answer.Role, Is.EqualTo(ChatMessageRole.Assistant));
            Assert.That(answer.Model, Is.EqualTo("qwen3"));
            Assert.That(answer.FinishReason, Is.EqualTo(OpenAI.Chat.ChatFinishReason.Length));
            Assert.That(answer.Usage.OutputTokenCount, Is.EqualTo(12));
            Assert.That(answer.Usage.TotalTokenCount, Is.EqualTo(answer.Usage.InputTokenCount + 12));
        });
    }

    [Test]
    public async Task UsageTellsHowMuchOfThePromptWasCached()
    {
        ChatClient chat = _client.GetChatClient("qwen3");
        UserChatMessage[] messages = [new("How many caches does a kangaroo keep?")];
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 4, Temperature = 0 };
        ChatTokenUsage first = (await chat.CompleteChatAsync(messages, options)).Value.Usage;
        ChatTokenUsage second = (await chat.CompleteChatAsync(messages, options)).Value.Usage;
        Assert.That(first.InputTokenDetails.CachedTokenCount, Is.LessThan(first.InputTokenCount - 1));
        Assert.That(second.InputTokenDetails.CachedTokenCount, Is.EqualTo(second.InputTokenCount - 1));
    }

    [Test]
    public async Task AStreamGivesTheTextOfTheWholeAnswer()
    {
        ChatClient chat = _client.GetChatClient("qwen3");
        UserChatMessage[] messages = [new("Which color has the sky?")];
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 16, Temperature = 0 };
        ChatCompletion whole = await chat.CompleteChatAsync(messages, options);
        string text = "";
        OpenAI.Chat.ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(messages, options))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }
        Assert.Multiple(() =>
        {
            Assert.That(text, Is.EqualTo(string.Concat(whole.Content.Select(part => part.Text))));
            Assert.That(reason, Is.EqualTo(OpenAI.Chat.ChatFinishReason.Length));
            Assert.That(usage?.OutputTokenCount, Is.EqualTo(16));
        });
    }

    [Test]
    public async Task LogProbabilitiesAreThoseOfTheTokens()
    {
        ChatClient chat = _client.GetChatClient("qwen3");
        UserChatMessage[] messages = [new("Which color has the sky?")];
        ChatCompletionOptions options = new()
            { MaxOutputTokenCount = 8, Temperature = 0, IncludeLogProbabilities = true, TopLogProbabilityCount = 3 };
        ChatCompletion whole = await chat.CompleteChatAsync(messages, options);
        List<ChatTokenLogProbabilityDetails> streamed = [];
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync(messages, options))
        {
            streamed.AddRange(update.ContentTokenLogProbabilities);
        }
        Assert.Multiple(() =>
        {
            Assert.That(whole.ContentTokenLogProbabilities, Has.Count.EqualTo(8));
            Assert.That(
                System.Text.Encoding.UTF8
                    .GetString([.. whole.ContentTokenLogProbabilities.SelectMany(token => token.Utf8Bytes!.Value.ToArray())]),
                Is.EqualTo(string.Concat(whole.Content.Select(part => part.Text))));
            Assert.That(whole.ContentTokenLogProbabilities.Select(token => token.LogProbability), Is.All.InRange(-50f, 0f));
            Assert.That(whole.ContentTokenLogProbabilities.Select(token => token.TopLogProbabilities.Count), Is.All.EqualTo(3));
            Assert.That(whole.ContentTokenLogProbabilities.Select(token => token.TopLogProbabilities[0].Token),
                Is.EqualTo(whole.ContentTokenLogProbabilities.Select(token => token.Token)));
            Assert.That(streamed.Select(token => token.Token), Is.EqualTo(whole.ContentTokenLogProbabilities.Select(token => token.Token)));
            Assert.That(
                streamed.Select(token => token.LogProbability),
                Is.EqualTo(whole.ContentTokenLogProbabilities.Select(token => token.LogProbability)).Within(1e-4));
        });
    }

    [Test]
    public async Task ALogitBiasForbidsATokenAndABadOneIsRefused()
    {
        ChatClient chat = _client.GetChatClient("qwen3");
        UserChatMessage[] messages = [new("Which color has the sky?")];
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 1, Temperature = 0, IncludeLogProbabilities = true };
        ChatCompletion usual = await chat.CompleteChatAsync(messages, options);
        DotMlx.LanguageModels.Tokenizer tokenizer = _served.Model.Tokenizer!;
        int token = Enumerable.Range(0, 1000)
            .First(id => tokenizer.IdToBytes(id).AsSpan().SequenceEqual(usual.ContentTokenLogProbabilities[0].Utf8Bytes!.Value.Span));
        options.LogitBiases[token] = -100;
        ChatCompletion other = await chat.CompleteChatAsync(messages, options);
        Assert.That(other.ContentTokenLogProbabilities[0].Token, Is.Not.EqualTo(usual.ContentTokenLogProbabilities[0].Token));
        options.LogitBiases[1_000_000] = 1;
        Assert.That(
            async () => await chat.CompleteChatAsync(messages, options),
            Throws.TypeOf<ClientResultException>().With.Message.Contains("1000000"));
    }

    [Test]
    public async Task AnAdapterIsChosenByName()
    {
        ChatCompletionOptions options = new() { MaxOutputTokenCount = 24, Temperature = 0 };
        UserChatMessage[] messages = [new("Hello")];
        ChatCompletion[] answers = await Task.WhenAll(
            Enumerable.Range(0, 6)
                .Select(async i =>
                    (await _client.GetChatClient(i % 2 == 0 ? "qwen3" : "tuned").CompleteChatAsync(messages, options)).Value));
        string[] texts = [.. answers.Select(answer => string.Concat(answer.Content.Select(part => part.Text)))];
        Assert.Multiple(() =>
        {
            Assert.That(texts[2], Is.EqualTo(texts[0]));
            Assert.That(texts[4], Is.EqualTo(texts[0]));
            Assert.That(texts[3], Is.EqualTo(texts[1]));
            Assert.That(texts[1], Is.Not.EqualTo(texts[0]));
        });
    }

    [Test]
    public async Task EmbeddingsAreThoseOfTheModel()
    {
        EmbeddingClient client = _client.GetEmbeddingClient("qwen3");
        OpenAIEmbeddingCollection embeddings = await client.GenerateEmbeddingsAsync(["one", "two words"]);
        OpenAIEmbedding shorter = await client.GenerateEmbeddingAsync("one",
            new OpenAI.Embeddings.EmbeddingGenerationOptions { Dimensions = 8 });
        using DotMlx.Extensions.AI.MlxEmbeddingGenerator generator = new(_served.Model);
        float[] expected = (await generator.GenerateAsync(["one"]))[0].Vector.ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(embeddings, Has.Count.EqualTo(2));
            Assert.That(embeddings[0].ToFloats().ToArray(), Is.EqualTo(expected).Within(1e-5));
            Assert.That(shorter.ToFloats().Length, Is.EqualTo(8));
            Assert.That(embeddings.Usage.InputTokenCount, Is.GreaterThan(1));
        });
    }

    [Test]
    public async Task ModelsAndAdaptersAreListed()
    {
        OpenAIModelCollection models = await _client.GetOpenAIModelClient().GetModelsAsync();
        Assert.That(models.Select(model => model.Id), Is.EqualTo(new[] { "qwen3", "tuned" }));
    }

    [Test]
    public async Task FaultsHaveTheStatusThatClientsExpect()
    {
        ChatMessageContentPart image = ChatMessageContentPart.CreateImagePart(new Uri("http://localhost/a.png"));
        ChatClient chat = _client.GetChatClient("qwen3");
        int[] found =
        [
            await Status(() => Client("wrong").GetChatClient("qwen3").CompleteChatAsync("Hello")),
            await Status(() => _client.GetChatClient("gpt-9").CompleteChatAsync("Hello")),
            await Status(() => chat.CompleteChatAsync([new UserChatMessage(image)])),
            await Status(() => chat.CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { Temperature = -1 })),
        ];
        Assert.That(found, Is.EqualTo(new[] { 401, 404, 400, 400 }));

        static async Task<int> Status(Func<Task> call)
        {
            try
            {
                await call();
                return 200;
            }
            catch (ClientResultException error)
            {
                return error.Status;
            }
        }
    }

    [Test]
    public async Task ToolsGoThereAndBack()
    {
        using IChatClient client = _client.GetChatClient("qwen3").AsIChatClient();
        AITool tool = AIFunctionFactory.Create((string city) => $"Sunny in {city}", "weather", "Tells the weather.");
        List<Microsoft.Extensions.AI.ChatMessage> conversation =
        [
            new(ChatRole.User, "How is the weather in Rome?"),
            new(ChatRole.Assistant, [new FunctionCallContent("call1", "weather", new Dictionary<string, object?> { ["city"] = "Rome" })]),
            new(ChatRole.Tool, [new FunctionResultContent("call1", "Sunny in Rome")]),
        ];
        ChatResponse answer = await client.GetResponseAsync(conversation, new() { Tools = [tool], MaxOutputTokens = 8 });
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(conversation,
            new() { Tools = [tool], MaxOutputTokens = 8 }))
        {
            updates.Add(update);
        }
        Assert.Multiple(() =>
        {
            Assert.That(answer.Usage!.OutputTokenCount, Is.EqualTo(8));
            Assert.That(updates.ToChatResponse().Text, Is.EqualTo(answer.Text));
        });
    }

    private OpenAIClient Client(string key) =>
        new(new ApiKeyCredential(key),
            new OpenAIClientOptions { Endpoint = _served.Address, RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0) });
}
