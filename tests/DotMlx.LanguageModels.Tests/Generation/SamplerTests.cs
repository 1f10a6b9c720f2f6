namespace DotMlx.LanguageModels.Tests.Generation;

/// <summary>The tokens that may be drawn, their probabilities, and the reported log-probabilities.</summary>
internal sealed class SamplerTests
{
    private static readonly float[] Logits = [2f, 1f, 0f, -1f, 1.5f];

    private static double[] Probabilities(IEnumerable<float> logits, double temperature = 1)
    {
        double[] weights = [.. logits.Select(logit => Math.Exp(logit / temperature))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }

    private static int[] Draw(GenerationOptions options, int count, params int[] prompt)
    {
        List<int> drawn = [];
        for (ulong seed = 0; seed < (ulong)count; seed++)
        {
            using Sampler sampler = new(options with { Seed = seed }, Logits.Length, prompt);
            using Choice choice = sampler.Choose(MlxArray.Create<float>(Logits, 1, Logits.Length));
            drawn.Add(choice.Read().Token);
        }
        return [.. drawn];
    }

    [Test]
    public void WithoutTemperatureTheMostLikelyTokenIsTaken() => Assert.That(Draw(new(), 3), Is.All.EqualTo(0));

    [Test]
    public void TokensAreDrawnByTheirProbability()
    {
        const int Count = 2000;
        int[] drawn = Draw(new() { Temperature = 2 }, Count);
        double[] expected = Probabilities(Logits, 2);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.That(drawn.Count(token => token == i) / (double)Count, Is.EqualTo(expected[i]).Within(0.05), $"token {i}");
        }
    }

    [Test]
    public void LimitsKeepTheLikelyTokens()
    {
        Assert.That(Draw(new() { Temperature = 3, TopK = 2 }, 200).Distinct(), Is.EquivalentTo(new[] { 0, 4 }));

        // The tokens 0, 4, 1, 2, and 3 have the probabilities 0.43, 0.26, 0.16, 0.06, and 0.02; the first three reach 0.8.
        Assert.That(Draw(new() { Temperature = 1, TopP = 0.8 }, 300).Distinct(), Is.EquivalentTo(new[] { 0, 4, 1 }));
        Assert.That(Draw(new() { Temperature = 1, TopP = 0 }, 50).Distinct(), Is.EquivalentTo(new[] { 0 }));
        Assert.That(Draw(new() { Temperature = 1, MinP = 0.5 }, 300).Distinct(), Is.EquivalentTo(new[] { 0, 4 }));
        Assert.That(Draw(new() { Temperature = 3, TopK = 100, MinP = 0, TopP = 1 }, 300).Distinct().Count(), Is.EqualTo(5));
    }

    [Test]
    public void BiasIsAddedToLogits()
    {
        Assert.That(Draw(new() { LogitBias = new Dictionary<int, double> { [3] = 100 } }, 2), Is.All.EqualTo(3));
        Assert.That(Draw(new() { LogitBias = new Dictionary<int, double> { [0] = double.NegativeInfinity } }, 2), Is.All.EqualTo(4));
        Assert.That(() => Draw(new() { LogitBias = new Dictionary<int, double> { [5] = 1 } }, 1),
            Throws.ArgumentException.With.Message.Contains("token 5"));
    }

    [Test]
    public void PenaltiesCountWhatCameBefore()
    {
        // 2 / 4 = 0.5 is below the 1.5 of token 4. That token then becomes 0.375, and token 1 is the largest.
        using Sampler repetition = new(new() { RepetitionPenalty = 4 }, Logits.Length, [0]);
        Assert.That(Sequence(repetition, 4), Is.EqualTo(new[] { 4, 1, 0, 0 }));

        // The prompt doesn't count here: 2, then 1.5 compared with 2 - 0.6, and so on.
        using Sampler presence = new(new() { PresencePenalty = 0.6 }, Logits.Length, [0]);
        Assert.That(Sequence(presence, 4), Is.EqualTo(new[] { 0, 4, 0, 0 }));
        using Sampler frequency = new(new() { FrequencyPenalty = 0.6 }, Logits.Length, [0]);
        Assert.That(Sequence(frequency, 4), Is.EqualTo(new[] { 0, 4, 0, 1 }));

        static int[] Sequence(Sampler sampler, int count)
        {
            int[] tokens = new int[count];
            for (int i = 0; i < count; i++)
            {
                using Choice choice = sampler.Choose(MlxArray.Create<float>(Logits, 1, Logits.Length));
                tokens[i] = choice.Read().Token;
            }
            return tokens;
        }
    }

    [Test]
    public void LogProbabilitiesAreTheModelsOwn()
    {
        GenerationOptions options = new()
            { LogProbabilities = true, TopLogProbabilities = 3, LogitBias = new Dictionary<int, double> { [3] = 100 } };
        using Sampler sampler = new(options, Logits.Length, []);
        using Choice choice = sampler.Choose(MlxArray.Create<float>(Logits, 1, Logits.Length));
        GeneratedToken token = choice.Read();
        double[] expected = [.. Probabilities(Logits).Select(probability => Math.Log(probability))];
        Assert.That(token.Token, Is.EqualTo(3));
        Assert.That(token.LogProbability, Is.EqualTo(expected[3]).Within(1e-5));
        Assert.That(token.TopLogProbabilities.Select(item => item.Token), Is.EqualTo(new[] { 0, 4, 1 }));
        Assert.That(token.TopLogProbabilities.Select(item => item.LogProbability),
            Is.EqualTo(new[] { expected[0], expected[4], expected[1] }).Within(1e-5));
    }

    [Test]
    public void ASeedReproducesAText()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("smollm3"));
        int[] prompt = Prompts.Of("smollm3").Prompt;
        GenerationOptions options = Prompts.Greedy with { Temperature = 1, Seed = 11 };
        int[] first = model.Generate(prompt, options).Tokens();
        Assert.That(model.Generate(prompt, options).Tokens(), Is.EqualTo(first));
        Assert.That(model.Generate(prompt, options with { Seed = 12 }).Tokens(), Is.Not.EqualTo(first));
        Assert.That(model.Generate(prompt, options with { Seed = null }).Tokens(), Is.Not.EqualTo(first));
    }
}
