using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels.Tests;

internal sealed class SchedulerTests
{
    [Test]
    public async Task RequestsGetTheTokensThatTheyWouldGetAlone()
    {
        using GoldenRun run = new("qwen3-dora");
        using LanguageModel model = run.LoadModel();
        using Adapter adapter = Adapter.Load(model, run.Folder);
        (int[] prompt, int[] next) = Prompts.Of("qwen3");
        model.Adapter = adapter;
        int[] adapted = model.Generate(prompt, Prompts.Greedy).Tokens();
        model.Adapter = null;
        await using GenerationScheduler scheduler = new(model);
        int[][] texts = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => GenerateAsync(
            scheduler, i % 4 == 3 ? prompt[..^2] : prompt, Prompts.Greedy with { MaxTokens = i % 4 == 1 ? 5 : 24 }, i % 4 == 2
                ? adapter
                : null)));
        int[] again = await GenerateAsync(scheduler, prompt, Prompts.Greedy, null);
        int[] longer = await GenerateAsync(scheduler, [.. prompt, .. next[..10]], Prompts.Greedy with { MaxTokens = 14 }, null);
        Assert.Multiple(() =>
        {
            Assert.That(adapted, Is.Not.EqualTo(next));
            Assert.That(new[] { texts[0], texts[4], texts[8] }, Is.All.EqualTo(next));
            Assert.That(new[] { texts[1], texts[5], texts[9] }, Is.All.EqualTo(next[..5]));
            Assert.That(new[] { texts[2], texts[6], texts[10] }, Is.All.EqualTo(adapted));
            Assert.That(texts[7], Is.EqualTo(texts[3]));
            Assert.That(again, Is.EqualTo(next));
            Assert.That(longer, Is.EqualTo(next[10..]), "a text that goes on from a kept one");
            Assert.That((scheduler.Running, scheduler.Waiting), Is.EqualTo((0, 0)));
        });
    }

    [Test]
    public async Task WhoGoesAwayLeavesAndWhoIsTooManyIsRefused()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        GenerationOptions endless = Prompts.Greedy with { MaxTokens = 100_000 };
        await using GenerationScheduler scheduler = new(model, new() { MaxRunning = 1, MaxWaiting = 1 });
        using CancellationTokenSource source = new();
        Task<int[]> first = GenerateAsync(scheduler, [1, 2], endless, null, source.Token);
        while (scheduler.Running == 0)
        {
            await Task.Delay(1);
        }
        Task<int[]> second = GenerateAsync(scheduler, [1, 2], Prompts.Greedy with { MaxTokens = 3 }, null);
        Assert.That(async () => await GenerateAsync(scheduler, [1, 2], endless, null), Throws.TypeOf<QueueFullException>());
        await source.CancelAsync();
        Assert.That(async () => await first, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await second, Has.Length.EqualTo(3));
        Assert.That(await scheduler.UseAsync(() => Task.FromResult(5)), Is.EqualTo(5));
        Assert.That(async () => await GenerateAsync(scheduler, [], endless, null), Throws.ArgumentException);
    }

    [Test]
    public async Task ABadRequestHarmsNoOther()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        (int[] prompt, int[] next) = Prompts.Of("qwen3");
        await using GenerationScheduler scheduler = new(model);
        GenerationOptions bad = Prompts.Greedy with { LogitBias = new Dictionary<int, double> { [1_000_000] = 1 } };
        for (int i = 0; i < 2; i++)
        {
            Task<int[]> good = GenerateAsync(scheduler, prompt, Prompts.Greedy, null);
            Assert.That(async () => await GenerateAsync(scheduler, prompt, bad, null),
                Throws.ArgumentException.With.Message.Contains("1000000"));
            Assert.That(await good, Is.EqualTo(next));
        }
    }

    [Test]
    public async Task AKeptCacheServesRequestsWithItsOptionsOnly()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        (int[] prompt, int[] next) = Prompts.Of("qwen3");
        await using GenerationScheduler scheduler = new(model);
        GenerationOptions coarse = Prompts.Greedy
            with { Cache = new() { Kind = CacheKind.Quantized, QuantizeFrom = 0, Bits = 2, GroupSize = 32 } };
        if (MlxLibrary.Kind != MlxLibraryKind.Reference)
        {
            Assert.That(await GenerateAsync(scheduler, prompt, coarse, null), Is.Not.EqualTo(next),
                "two bits are too few for the same text");
        }
        Assert.That(await GenerateAsync(scheduler, prompt, Prompts.Greedy, null), Is.EqualTo(next));
    }

    [Test]
    public async Task AnEndedSchedulerEndsItsTexts()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        GenerationScheduler scheduler = new(model);
        Task<int[]> text = GenerateAsync(scheduler, [1, 2], Prompts.Greedy with { MaxTokens = 100_000 }, null);
        await scheduler.DisposeAsync();
        Assert.Multiple(() =>
        {
            Assert.That(async () => await text, Throws.InstanceOf<OperationCanceledException>());
            Assert.That(async () => await GenerateAsync(scheduler, [1], Prompts.Greedy, null), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    private static async Task<int[]> GenerateAsync(
        GenerationScheduler scheduler, IReadOnlyList<int> prompt, GenerationOptions options, Adapter? adapter,
        CancellationToken cancellationToken = default)
    {
        List<int> tokens = [];
        await foreach (GeneratedToken token in scheduler.GenerateAsync(prompt, options, adapter, cancellationToken))
        {
            tokens.Add(token.Token);
        }
        return [.. tokens];
    }
}
