using System.Runtime.InteropServices;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.Tests.Architectures;

/// <summary>Every family computes the results of Hugging Face's code, and with quantized weights those of mlx-lm.</summary>
internal sealed class LogitTests
{
    private const double Tolerance = 2e-5;

    private static string[] Decoders => [.. TestModels.Names.Where(name => name != "bert")];

    [TestCaseSource(nameof(Decoders))]
    public void LogitsAreThoseOfTheOriginal(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using SafetensorsFile expected = Expected.Of(name);
        using MlxArray logits = model.Decoder.Forward(expected["prompt"]);
        double difference = Expected.Difference(logits, expected["logits"]);
        TestContext.Out.WriteLine($"difference {difference:g3}");
        Assert.That(difference, Is.LessThan(Tolerance));
    }

    [RequiresMlx("quantized weights are not provided by the reference library")]
    [TestCaseSource(typeof(TestModels), nameof(TestModels.Quantized))]
    public void LogitsOfQuantizedModelsAreThoseOfMlxLm(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using SafetensorsFile expected = Expected.Of(name);
        using MlxArray logits = model.Decoder.Forward(expected["prompt"]);
        Assert.That(Expected.Difference(logits, expected["logits"]), Is.LessThan(1e-4));
    }

    [Test]
    public void GreedyTokensAreThoseOfTheOriginal([ValueSource(nameof(Decoders))] string name, [Values] CacheKind kind)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using SafetensorsFile expected = Expected.Of(name);
        int[] all = expected["generated"].ToArray<int>(), prompt = expected["prompt"].ToArray<int>();
        using DecoderCache cache = new(model.Decoder, new() { Kind = kind, Step = 16 });
        List<int> made = [];
        double worst = Steps(model, cache, expected, prompt, (i, best) =>
        {
            made.Add(best);
            return best;
        });
        Assert.That(made, Is.EqualTo(all[prompt.Length..]));
        Assert.That(worst, Is.LessThan(Tolerance));
    }

    [TestCaseSource(nameof(Decoders))]
    public void PreparedWeightsGiveTheSameLogits(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using SafetensorsFile expected = Expected.Of(name);
        int[] all = expected["generated"].ToArray<int>(), prompt = expected["prompt"].ToArray<int>();
        using PreparedWeights weights = new();
        using DecoderCache cache = new(model.Decoder) { Weights = weights };
        Assert.That(Steps(model, cache, expected, prompt, (i, _) => all[prompt.Length + i]), Is.LessThan(Tolerance));
    }

    [RequiresMlx("quantized weights are not provided by the reference library")]
    [TestCaseSource(typeof(TestModels), nameof(TestModels.Quantized))]
    public void PreparedQuantizedWeightsGiveTheSameLogits(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using PreparedWeights weights = new();
        using DecoderCache plain = new(model.Decoder), prepared = new(model.Decoder) { Weights = weights };
        foreach (int token in (int[])[3, 1, 4, 1, 5])
        {
            using MlxArray tokens = MlxArray.Create([token], 1, 1);
            using MlxArray expected = model.Decoder.Forward(tokens, plain);
            using MlxArray logits = model.Decoder.Forward(tokens, prepared);
            Assert.That(Expected.Difference(logits, expected), Is.LessThan(1e-4));
        }
    }

    [RequiresMlx("quantization is not provided by the reference library")]
    [Test]
    public void APackedVectorIsUnpackedLikeATable([Values(2, 4, 8)] int bits)
    {
        QuantizedEmbedding table = new(8, 64, groupSize: 32, bits);
        using PreparedWeights weights = new();
        using MlxArray token = MlxArray.Create([5], 1);
        float[] vector = weights.Embed(table, token).ToArray<float>();

        // On ARM, the compiler of MLX fuses a product and a sum in one of the two functions, so they round differently.
        float tolerance = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 0 : 1e-6f;
        Assert.That(vector, Is.EqualTo(table.Forward(token).ToArray<float>()).Within(tolerance).And.Some.Not.Zero);
    }

    [RequiresMlx("quantization is not provided by the reference library")]
    [TestCaseSource(nameof(Decoders))]
    public void AQuantizedCacheIsNear(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        using SafetensorsFile expected = Expected.Of(name);
        int[] all = expected["generated"].ToArray<int>(), prompt = expected["prompt"].ToArray<int>();

        // The cache begins to quantize after some of the tokens, so the test covers the transition.
        using DecoderCache cache = new(model.Decoder, new() { Kind = CacheKind.Quantized, QuantizeFrom = prompt.Length + 2, Step = 16 });
        double difference = Steps(model, cache, expected, prompt, (i, _) => all[prompt.Length + i]);
        Assert.That(difference, Is.LessThan(0.05).And.GreaterThan(Tolerance));
    }

    /// <summary>Decodes as many tokens as the original did. Each token depends on its number and on the most likely token.</summary>
    /// <returns>Returns the largest difference between the logits of a step.</returns>
    private static double Steps(LanguageModel model, DecoderCache cache, SafetensorsFile expected, int[] prompt, Func<int, int, int> choose)
    {
        double worst = 0;
        int[] next = prompt;
        for (int i = 0; i < expected["step_logits"].Shape[0]; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray logits = model.Decoder.Forward(MlxArray.Create<int>(next, 1, next.Length), cache)[0, ^1];
            worst = Math.Max(worst, Expected.Difference(logits, expected["step_logits"][i]));
            next = [choose(i, (int)Mx.ArgMax(logits).Item<uint>())];
        }
        TestContext.Out.WriteLine($"largest difference {worst:g3}");
        return worst;
    }

    [Test]
    public void FeaturesOfBertAreThoseOfTheOriginal()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("bert"));
        using SafetensorsFile expected = Expected.Of("bert");
        using MlxArray hidden = model.Encoder.Forward(expected["input_ids"], expected["attention_mask"]);
        Assert.That(Expected.Difference(hidden, expected["hidden"]), Is.LessThan(Tolerance));
        Assert.That(Expected.Difference(hidden[.., 0], expected["cls"]), Is.LessThan(Tolerance));
    }
}
