using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Models;

/// <summary>Perplexity and embeddings.</summary>
internal sealed class MeasureTests
{
    private const string Text = "The quick brown fox jumps over the lazy dog. A cat sat on the mat, and nobody asked why.";

    [Test]
    public void PerplexityIsTheExponentialOfTheMeanLoss()
    {
        Result result = CommandLine.RunWith(Text, "perplexity", "--model", Model.Qwen3, "--sequence-length", "8", "--batch-size", "2",
            "--json").Succeeded();
        using LanguageModel model = LanguageModel.Load(Model.Qwen3);
        int[] tokens = model.Tokenizer!.Encode(Text);
        List<double> losses = [];
        for (int start = 0; start + 8 <= tokens.Length; start += 8)
        {
            int[] piece = tokens[start..(start + 8)];
            float[] all = Mx.Softmax(model.Decoder.Forward(MlxArray.Create<int>(piece, 1, 8)), axis: -1, precise: true).ToArray<float>();
            losses.AddRange(Enumerable.Range(1, 7).Select(i => -Math.Log(all[((i - 1) * (all.Length / 8)) + piece[i]])));
        }
        Assert.That((double)result.Json["perplexity"]!, Is.EqualTo(Math.Exp(losses.Average())).Within(1e-3).Percent);
        Assert.That((int)result.Json["tokens"]!, Is.EqualTo(losses.Count));
        Assert.That((double)result.Json["standard_error"]!, Is.GreaterThan(0));
    }

    [Test]
    public void PerplexityReadsAFileAndTakesFewPieces()
    {
        using TemporaryFolder folder = new();
        folder.Write("text.txt", Text);
        Result result = CommandLine.Run(
            "perplexity", "--model", Model.Qwen3, folder["text.txt"], "--sequence-length", "4", "--samples", "2").Succeeded();
        Assert.That(result.Output, Does.StartWith("perplexity ").And.Contain("6 tokens in 2 pieces"));
        CommandLine.RunWith("", "perplexity", "--model", Model.Qwen3).AssertRefused("too short");
    }

    [Test]
    public void EachTextGetsAVectorOfLengthOne()
    {
        Result result = CommandLine.Run("embed", "--model", Model.Bert, "A cat.", "Ein Hund.", "A cat.").Succeeded();
        JsonNode[] lines = [.. result.Lines.Select(line => JsonNode.Parse(line)!)];
        Assert.That(lines.Select(line => (string?)line["text"]), Is.EqualTo(new[] { "A cat.", "Ein Hund.", "A cat." }));
        float[][] vectors = [.. lines.Select(line => line["embedding"]!.AsArray().Select(number => (float)number!).ToArray())];
        Assert.That(vectors.Select(vector => vector.Sum(x => x * x)), Has.All.EqualTo(1).Within(1e-4));
        Assert.That(vectors[0], Is.EqualTo(vectors[2]).Within(1e-5f).And.Not.EqualTo(vectors[1]).Within(1e-3f));
    }

    [Test]
    public void EmbeddingsReadLinesAndTakeOptions()
    {
        Result result = CommandLine.RunWith("A cat.\n\nEin Hund.\n", "embed", "--model", Model.Bert, "--pooling", "cls",
            "--dimensions", "3").Succeeded();
        Assert.That(result.Lines.Select(line => JsonNode.Parse(line)!["embedding"]!.AsArray().Count), Is.EqualTo(new[] { 3, 3 }));
        CommandLine.Run("embed", "--model", Model.Bert, "A cat.", "--dimensions", "100000").AssertRefused("100000 dimensions");
        CommandLine.RunWith("", "embed", "--model", Model.Bert).AssertRefused("no text");
    }
}
