using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels.Tests;

internal sealed class PromptCachePoolTests
{
    private static readonly CacheOptions Options = new();

    private LanguageModel _model = null!;

    [OneTimeSetUp]
    public void Load() => _model = LanguageModel.Load(TestModels.Folder("qwen3"));

    [OneTimeTearDown]
    public void Free() => _model.Dispose();

    [Test]
    public void TheCacheWithTheLongestPrefixIsTaken()
    {
        using PromptCachePool pool = new(3);
        PromptCache two = Cache(1, 2, 9, 9), three = Cache(1, 2, 3, 9);
        pool.Return(three);
        pool.Return(two);
        Assert.Multiple(() =>
        {
            Assert.That(pool.Take([1, 2, 3, 4], Options), Is.SameAs(three));
            Assert.That(pool.Take([1, 2, 3, 4], Options, minimum: 3), Is.Null);
            Assert.That(pool.Take([1, 2, 3, 4], Options, minimum: 2), Is.SameAs(two));
            Assert.That(pool.Take([1, 2, 3, 4], Options), Is.Null, "what was taken is gone");
        });
        two.Dispose();
        three.Dispose();
    }

    [Test]
    public void ACacheOfAnotherTextStays()
    {
        using PromptCachePool pool = new(1);
        pool.Return(Cache(1, 2, 3, 4, 5));
        Assert.That(pool.Take([1, 2, 9], Options), Is.Null);
    }

    [Test]
    public void OptionsAndAdapterMustBeThose()
    {
        using PromptCachePool pool = new(1);
        using Adapter adapter = Adapter.Create(_model, new() { Layers = 1 });
        pool.Return(Cache(1, 2, 3), adapter);
        Assert.Multiple(() =>
        {
            Assert.That(pool.Take([1, 2, 3, 4], Options), Is.Null);
            Assert.That(pool.Take([1, 2, 3, 4], Options with { Kind = CacheKind.Quantized }, adapter), Is.Null);
            using PromptCache? cache = pool.Take([1, 2, 3, 4], Options, adapter);
            Assert.That(cache?.Tokens, Is.EqualTo(new[] { 1, 2, 3 }));
        });
    }

    [Test]
    public void TheOldestIsFreedWhereThereAreTooMany()
    {
        using PromptCachePool pool = new(1), none = new(0);
        PromptCache old = Cache(1, 2), young = Cache(3, 4), never = Cache(5, 6);
        pool.Return(old);
        pool.Return(young);
        none.Return(never);
        pool.Dispose();
        PromptCache late = Cache(7, 8);
        pool.Return(late);
        Assert.That(new[] { old, young, never, late }.Select(cache => cache.Tokens.Count), Is.All.Zero);
    }

    private PromptCache Cache(params int[] tokens)
    {
        PromptCache cache = new(_model.Decoder, Options);
        _ = _model.Generate(tokens, new() { MaxTokens = 1 }, cache).Count();
        Assert.That(cache.Tokens, Is.EqualTo(tokens));
        return cache;
    }
}
