using System.Globalization;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

/// <summary>A process that continues a run, writes the bits of each loss, and may be killed at any moment.</summary>
internal static class TuningChild
{
    internal static int Run(string folder, string checkpoints, int iterations)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        FineTuningSettings settings = new()
        {
            Layers = 1, Lora = new() { Rank = 2, Dropout = 0.1 }, BatchSize = 2, Iterations = iterations, StepsPerReport = 1,
            AccumulationSteps = 2,
            CheckpointFolder = checkpoints, StepsPerCheckpoint = 1, KeptCheckpoints = 2, Compiled = false,
        };
        using FineTuner tuner = new(model, FineTuningData.Load(folder, model) with { Valid = null }, settings, new AdamW(1e-3));
        tuner.Resume();
        tuner.Run(new Writer());
        return 0;
    }

    private sealed class Writer : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{value.Iteration} {BitConverter.DoubleToInt64Bits(value.Loss!.Value):X16}."));
            Console.Out.Flush();
        }
    }
}
