using System.Globalization;
using System.Text.Json;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

/// <summary>Several processes that share the batches learn the same as one process.</summary>
[RequiresMlx("several processes")]
internal sealed class DataParallelTuningTests
{
    private const int Iterations = 6;

    [Test]
    public void TwoProcessesLearnWhatOneLearns()
    {
        using RankProcesses ranks = new(2);
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        WriteTextsOfOneLength(model, ranks.Folder);
        RankProcesses.Result[] results = ranks.RunAll(typeof(DataParallelTuningTests).Assembly.Location, "tune-rank", ranks.Folder);
        foreach (RankProcesses.Result result in results)
        {
            result.AssertSucceeded();
        }
        double[] alone = Train(ranks.Folder, null, Path.Combine(ranks.Folder, "alone"));
        double[][] together = [.. results.Select(result => JsonSerializer.Deserialize<double[]>(result.Output)!)];
        Assert.Multiple(() =>
        {
            Assert.That(together[1], Is.EqualTo(together[0]));
            Assert.That(together[0], Is.EqualTo(alone).Within(1e-5));
            Assert.That(Directory.GetFiles(Path.Combine(ranks.Folder, "checkpoints")), Has.Length.EqualTo(1),
                "the first process alone writes checkpoints");
        });
        using SafetensorsFile first = Adapters("0"), second = Adapters("1"), whole = Adapters("alone");
        foreach ((string name, MlxArray array) in whole)
        {
            float[] expected = array.ToArray<float>();
            Assert.That(second[name].ToArray<float>(), Is.EqualTo(first[name].ToArray<float>()), name);
            Assert.That(first[name].ToArray<float>(), Is.EqualTo(expected).Within(1e-4 * expected.Max(Math.Abs)), name);
        }

        SafetensorsFile Adapters(string name) => Mx.LoadSafetensors(Path.Combine(ranks.Folder, name, "adapters.safetensors"));
    }

    /// <summary>The work of one of several processes.</summary>
    internal static int RunRank(string folder)
    {
        DistributedGroup group = Mx.Distributed.Init(strict: true, backend: "ring");
        double[] losses = Train(folder, group, Path.Combine(folder, group.Rank.ToString(CultureInfo.InvariantCulture)));
        Console.Write(JsonSerializer.Serialize(losses));
        return 0;
    }

    private static double[] Train(string folder, DistributedGroup? group, string adapters)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        FineTuningSettings settings = new()
        {
            Layers = 2, Lora = new() { Rank = 2 }, BatchSize = 4, Iterations = Iterations, StepsPerReport = 1, StepsPerValidation = 3,
            ValidationBatches = 2,
            CheckpointFolder = group is null ? null : Path.Combine(folder, "checkpoints"), Compiled = false, Group = group,
        };
        List<double> losses = [];
        using FineTuner tuner = new(model, FineTuningData.Load(folder, model), settings, new AdamW(1e-3));
        tuner.Run(new Listener(report => losses.Add(report.Loss ?? report.ValidationLoss!.Value)));
        losses.Add(tuner.TrainedTokens);
        tuner.Adapter.Save(adapters);
        return [.. losses];
    }

    /// <summary>All texts have the same number of tokens, so that the mean over the processes is the mean over the batch.</summary>
    private static void WriteTextsOfOneLength(LanguageModel model, string folder)
    {
        string[] lines = [.. Enumerable.Range(100, 400).Select(i => $"The number {i}").GroupBy(text => model.Tokenizer!.Encode(text).Length)
            .MaxBy(texts => texts.Count())!.Select(text => JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = text }))];
        File.WriteAllLines(Path.Combine(folder, "train.jsonl"), lines[..24]);
        File.WriteAllLines(Path.Combine(folder, "valid.jsonl"), lines[24..32]);
    }

    private sealed class Listener(Action<FineTuningProgress> report) : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value) => report(value);
    }
}
