using System.Numerics.Tensors;
using System.Text.Json;
using DotMlx.LanguageModels;
using Microsoft.Extensions.AI;

namespace DotMlx.Extensions.AI.Tests;

public sealed class EmbeddingTests
{
    private LanguageModel _bert = null!;
    private string[] _sentences = null!;

    [OneTimeSetUp]
    public void Load()
    {
        _bert = LanguageModel.Load(Models.Folder("bert"));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Models.Folder("bert"), "expected.json")));
        _sentences = [.. expected.RootElement.GetProperty("sentences").EnumerateArray().Select(sentence => sentence.GetString()!)];
    }

    [OneTimeTearDown]
    public void Free() => _bert.Dispose();

    [TestCase("mean", EmbeddingPooling.Mean, false)]
    [TestCase("mean_normalized", EmbeddingPooling.Mean, true)]
    [TestCase("cls", EmbeddingPooling.FirstToken, false)]
    public async Task VectorsAreHuggingFaces(string name, EmbeddingPooling pooling, bool normalize)
    {
        using MlxEmbeddingGenerator generator = new(_bert, new() { Pooling = pooling, Normalize = normalize });
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(_sentences);
        float[] expected = Mx.LoadSafetensors(Path.Combine(Models.Folder("bert"), "expected.safetensors"))[name].ToArray<float>();
        float[] actual = [.. embeddings.SelectMany(embedding => embedding.Vector.ToArray())];
        Assert.That(actual, Is.EqualTo(expected).Within(2e-5 * Math.Abs(TensorPrimitives.MaxMagnitude<float>(expected))));
        Assert.That(embeddings.Usage!.InputTokenCount, Is.EqualTo(_sentences.Sum(sentence => _bert.Tokenizer!.Encode(sentence).Length)));
    }

    [Test]
    public async Task MeanOfNormalizedVectorsIsTheDefaultOfEncoders()
    {
        using MlxEmbeddingGenerator generator = new(_bert);
        Embedding<float> embedding = await generator.GenerateAsync(_sentences[0]);
        Assert.That(TensorPrimitives.Norm(embedding.Vector.Span), Is.EqualTo(1).Within(1e-5));
        Assert.That(embedding.ModelId, Is.EqualTo("bert"));
        Assert.That(generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions, Is.EqualTo(embedding.Vector.Length));
    }

    [TestCase(EmbeddingPooling.Mean)]
    [TestCase(EmbeddingPooling.LastToken)]
    [TestCase(EmbeddingPooling.FirstToken)]
    public async Task DecoderGivesEachTextTheSameVectorAloneAndInABatch(EmbeddingPooling pooling)
    {
        using MlxEmbeddingGenerator generator = new(Models.Qwen3, new() { Pooling = pooling });
        string[] texts = ["One.", "A longer text with more tokens.", "Köln"];
        GeneratedEmbeddings<Embedding<float>> together = await generator.GenerateAsync(texts);
        for (int i = 0; i < texts.Length; i++)
        {
            Embedding<float> alone = await generator.GenerateAsync(texts[i]);
            Assert.That(together[i].Vector.ToArray(), Is.EqualTo(alone.Vector.ToArray()).Within(1e-5));
        }
    }

    [Test]
    public async Task FewerDimensionsAreTheFirstOnesAndNormalized()
    {
        using MlxEmbeddingGenerator generator = new(_bert);
        Embedding<float> embedding = await generator.GenerateAsync(_sentences[0], new() { Dimensions = 8 });
        Assert.That(embedding.Vector.Length, Is.EqualTo(8));
        Assert.That(TensorPrimitives.Norm(embedding.Vector.Span), Is.EqualTo(1).Within(1e-5));
        await Assert.ThatAsync(() => generator.GenerateAsync([_sentences[0]], new() { Dimensions = 100_000 }),
            Throws.ArgumentException.With.Message.Contains("100000"));
    }

    [Test]
    public async Task LongTextIsTruncated()
    {
        using MlxEmbeddingGenerator generator = new(_bert);
        Embedding<float> embedding = await generator.GenerateAsync(string.Concat(Enumerable.Repeat("word ", 5000)));
        Assert.That(embedding.Vector.ToArray(), Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public async Task ManyTextsAreComputedInBatches()
    {
        using MlxEmbeddingGenerator generator = new(_bert, new() { BatchSize = 3 });
        GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(Enumerable.Repeat(_sentences, 3)
            .SelectMany(s => s));
        Assert.That(embeddings, Has.Count.EqualTo(3 * _sentences.Length));
        Assert.That(embeddings[0].Vector.ToArray(), Is.EqualTo(embeddings[_sentences.Length].Vector.ToArray()).Within(1e-5));
    }
}
