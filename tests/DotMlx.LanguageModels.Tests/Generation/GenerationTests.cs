namespace DotMlx.LanguageModels.Tests.Generation;

/// <summary>The generated tokens match the original, in chunks, in batches, and with kept caches.</summary>
internal sealed class GenerationTests
{
    private static string[] Decoders => [.. TestModels.Names.Where(name => name != "bert")];

    [Test]
    public async Task TokensAreThoseOfTheOriginalWhateverTheChunks(
        [ValueSource(nameof(Decoders))] string name, [Values(1, 7, 512)] int chunk)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        (int[] prompt, int[] next) = Prompts.Of(name);
        GenerationOptions options = Prompts.Greedy with { PromptChunk = chunk, Cache = new() { Step = 8 } };
        Assert.That(model.Generate(prompt, options).Tokens(), Is.EqualTo(next));
        List<GeneratedToken> streamed = [];
        await foreach (GeneratedToken token in model.GenerateAsync(prompt, options))
        {
            streamed.Add(token);
        }
        Assert.That(streamed.Tokens(), Is.EqualTo(next));
        Assert.That(streamed[^1].FinishReason, Is.EqualTo(FinishReason.Length));
        Assert.That(streamed[..^1].Select(token => token.FinishReason), Is.All.Null);
    }

    [Test]
    public async Task EachTextOfABatchIsWhatItWouldBeAlone([ValueSource(nameof(Decoders))] string name,
        [Values(0.0, 0.8)] double temperature)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        int[] prompt = Prompts.Of(name).Prompt;
        int[][] prompts = [prompt, prompt[5..], prompt[..3], [.. prompt[10..], .. prompt[..10], .. prompt]];
        GenerationOptions options = Prompts.Greedy
            with { Temperature = temperature, Seed = 3, PromptChunk = 32, EndTokens = [prompt[^1], 7, 90, 100, 200, 300] };
        List<GeneratedToken>[] together = [.. prompts.Select(_ => new List<GeneratedToken>())];
        await foreach (BatchToken token in model.GenerateBatchAsync(prompts, options))
        {
            together[token.Index].Add(token.Token);
        }
        for (int i = 0; i < prompts.Length; i++)
        {
            GeneratedToken[] alone = [.. model.Generate(prompts[i], options)];
            Assert.That(together[i].Tokens(), Is.EqualTo(alone.Tokens()), $"prompt {i}");
            Assert.That(together[i][^1].FinishReason, Is.EqualTo(alone[^1].FinishReason));
        }
    }

    [Test]
    public void ABatchKeepsTheWindowWithoutThePaddingOfItsTexts()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("mistral"));
        const int Window = 9, Padding = 12;
        int[] prompt = Prompts.Of("mistral").Prompt;
        using DecoderCache batch = new(model.Decoder), alone = new(model.Decoder, new() { Kind = CacheKind.Growing });
        batch.Pad([0, Padding]);
        for (int i = 0; i < Padding + (2 * Window); i++)
        {
            using MlxArray tokens = MlxArray.Create<int>([prompt[(i + 3) % prompt.Length], prompt[i % prompt.Length]], 2, 1);
            using MlxArray hidden = model.Decoder.Hidden(tokens, batch);
            if (i >= Padding)
            {
                using MlxArray expected = model.Decoder.Hidden(tokens[1..], alone);
                Assert.That(hidden[1].ToArray<float>(), Is.EqualTo(expected[0].ToArray<float>()).Within(1e-4), $"position {i}");
            }
        }
        Assert.That(batch.Arrays.Select(array => array.Shape[2]), Is.All.EqualTo(Window));
    }

    [Test]
    public void ACacheIsReusedAsFarAsPromptsAgree([ValueSource(nameof(Decoders))] string name,
        [Values(CacheKind.Rotating, CacheKind.Growing)] CacheKind kind)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        (int[] prompt, int[] next) = Prompts.Of(name);
        using PromptCache cache = new(model.Decoder, new() { Kind = kind });
        Assert.That(model.Generate(prompt, Prompts.Greedy, cache).Tokens(), Is.EqualTo(next));
        Assert.That(cache.Tokens, Is.EqualTo(prompt.Concat(next[..^1])));

        // The same prompt, one that continues after the generated text, and one that differs in the middle.
        int[][] prompts = [prompt, [.. prompt, .. next, 5, 6, 7], [.. prompt[..20], 11, .. prompt[20..]]];
        foreach (int[] other in prompts)
        {
            int[] alone = model.Generate(other, Prompts.Greedy).Tokens();
            Assert.That(model.Generate(other, Prompts.Greedy, cache).Tokens(), Is.EqualTo(alone));
        }
        Assert.That(cache.Reuse([.. cache.Tokens, 3]), Is.EqualTo(prompts[2].Length + 23));
    }

    [TestCase("llama", CacheKind.Rotating, ExpectedResult = 20)]
    [TestCase("mistral", CacheKind.Growing, ExpectedResult = 20)]
    [TestCase("mistral", CacheKind.Rotating, ExpectedResult = 0, Description = "The window has moved on, so all is computed again.")]
    public int TokensTellHowMuchOfThePromptWasCached(string name, CacheKind kind)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        int[] prompt = Prompts.Of(name).Prompt;
        using PromptCache cache = new(model.Decoder, new() { Kind = kind });
        Assert.That(model.Generate(prompt, Prompts.Greedy, cache).Select(token => token.CachedPromptTokens), Is.All.Zero);
        int[] cached = [.. model.Generate([.. prompt[..20], prompt[20] ^ 1, .. prompt[20..]], Prompts.Greedy, cache)
            .Select(token => token.CachedPromptTokens)];
        Assert.That(cached, Is.All.EqualTo(cached[0]));
        return cached[0];
    }

    [Test]
    public void ACacheIsSavedAndLoaded([Values("llama", "gemma3", "mistral")] string name,
        [Values(CacheKind.Rotating, CacheKind.Growing)] CacheKind kind)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        (int[] prompt, int[] next) = Prompts.Of(name);
        string path = Path.Combine(Directory.CreateTempSubdirectory("dotmlx-cache-").FullName, "cache.safetensors");
        CacheOptions options = new() { Kind = kind, Step = 5 };
        using (PromptCache cache = new(model.Decoder, options))
        {
            Assert.That(() => cache.Save(path), Throws.InvalidOperationException);
            foreach (GeneratedToken token in model.Generate(prompt, Prompts.Greedy with { MaxTokens = 10 }, cache))
            {
                Assert.That(token.Token, Is.AnyOf(next.Cast<object>().ToArray()));
            }
            cache.Save(path);
        }
        using PromptCache loaded = PromptCache.Load(path, model.Decoder, options);
        Assert.That(loaded.Tokens, Is.EqualTo(prompt.Concat(next[..9])));
        Assert.That(model.Generate([.. prompt, .. next[..10]], Prompts.Greedy with { MaxTokens = 14 }, loaded)
            .Tokens(), Is.EqualTo(next[10..]));

        using LanguageModel other = LanguageModel.Load(TestModels.Folder(name == "llama" ? "gemma2" : "granite"));
        Assert.That(() => PromptCache.Load(path, other.Decoder, options),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(path));
        Assert.That(() => PromptCache.Load(Path.Combine(TestModels.Folder(name), "model.safetensors"), model.Decoder, options),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("isn't a cache"));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [RequiresMlx("quantization is not provided by the reference library")]
    [Test]
    public void AQuantizedCacheIsKeptToo()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        (int[] prompt, _) = Prompts.Of("qwen3");
        CacheOptions options = new() { Kind = CacheKind.Quantized, QuantizeFrom = 16, Step = 8, GroupSize = 32 };
        GenerationOptions generation = Prompts.Greedy with { Cache = options };
        int[] once = model.Generate(prompt, generation).Tokens();
        string path = Path.Combine(Directory.CreateTempSubdirectory("dotmlx-cache-").FullName, "cache.safetensors");
        using PromptCache cache = new(model.Decoder, options);
        Assert.That(model.Generate(prompt, generation with { MaxTokens = 12 }, cache).Tokens(), Is.EqualTo(once[..12]));
        cache.Save(path);
        using PromptCache loaded = PromptCache.Load(path, model.Decoder, options);
        Assert.That(model.Generate([.. prompt, .. once[..12]], generation with { MaxTokens = 12 }, loaded)
            .Tokens(), Is.EqualTo(once[12..]));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Test]
    public void GenerationEndsAtEndTokens()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("llama"));
        (int[] prompt, int[] next) = Prompts.Of("llama");
        int end = Array.FindIndex(next, 3, token => token == next.Skip(3).First(t => Array.IndexOf(next, t) >= 3));
        GeneratedToken[] tokens = [.. model.Generate(prompt, Prompts.Greedy with { EndTokens = [next[end], 399] })];
        Assert.That(tokens.Tokens(), Is.EqualTo(next[..(end + 1)]));
        Assert.That(tokens[^1].FinishReason, Is.EqualTo(FinishReason.EndToken));
    }

    [Test]
    public async Task CancellationEndsTheGenerationAndKeepsTheCacheWhole()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen2"));
        (int[] prompt, int[] next) = Prompts.Of("qwen2");
        using PromptCache cache = new(model.Decoder);
        using CancellationTokenSource source = new();
        List<int> seen = [];
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (GeneratedToken token in model.GenerateAsync(prompt, Prompts.Greedy, cache, source.Token))
            {
                seen.Add(token.Token);
                if (seen.Count == 5)
                {
                    await source.CancelAsync();
                }
            }
        });
        Assert.That(seen, Is.EqualTo(next[..5]));
        Assert.That(model.Generate([.. prompt, .. seen], Prompts.Greedy with { MaxTokens = 19 }, cache).Tokens(), Is.EqualTo(next[5..]));
        await foreach (GeneratedToken token in model.GenerateAsync(prompt, Prompts.Greedy, cache))
        {
            // Leaving the loop early also ends the generation.
            Assert.That(token.Token, Is.EqualTo(next[0]));
            break;
        }
        Assert.That(model.Generate(prompt, Prompts.Greedy, cache).Tokens(), Is.EqualTo(next));
    }

    [Test]
    public void GeneratingLeavesNoArraysBehind()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("gemma2"));
        (int[] prompt, int[] next) = Prompts.Of("gemma2");
        Assert.That(model.Generate(prompt, Prompts.Greedy).Tokens(), Is.EqualTo(next));

        // Arrays that earlier tests left to the garbage collector must not be freed while this test counts.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        long before = MlxDiagnostics.LiveArrays;
        for (int i = 0; i < 3; i++)
        {
            _ = model.Generate(prompt, Prompts.Greedy
                with { Temperature = 1, TopK = 9, LogProbabilities = true, TopLogProbabilities = 2, FrequencyPenalty = 1 }).Tokens();
        }
        Assert.That(MlxDiagnostics.LiveArrays, Is.LessThanOrEqualTo(before));
    }

    [Test]
    public void InvalidGenerationRequestsAreRejected()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("llama")), bert = LanguageModel.Load(TestModels.Folder("bert"));
        Assert.That(() => model.Generate(Array.Empty<int>()).Tokens(), Throws.ArgumentException.With.Message.Contains("no tokens"));
        Assert.That(() => model.Generate([1, 400]).Tokens(),
            Throws.ArgumentException.With.Message.Contains("token 400").And.Message.Contains("0 to 399"));
        Assert.That(() => bert.Generate([1, 2]).Tokens(), Throws.TypeOf<NotSupportedException>().With.Message.Contains("Encoder"));
        Assert.That(() => new GenerationOptions { TopP = 1.5 },
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("TopP is 1.5"));
        Assert.That(() => new GenerationOptions { Temperature = double.NaN }, Throws.TypeOf<ArgumentOutOfRangeException>());
        using DecoderCache foreign = new(LanguageModel.Load(TestModels.Folder("gemma2")).Decoder);
        Assert.That(() => model.Decoder.Forward(Mx.Zeros([1, 2], DType.Int32), foreign),
            Throws.ArgumentException.With.Message.Contains("another model"));
    }
}
