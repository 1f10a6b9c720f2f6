using System.Text.Json.Nodes;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

/// <summary>Twelve steps of mlx-lm's trainer: the start, the data, and the results.</summary>
internal sealed class GoldenRun : IDisposable
{
    private readonly SafetensorsFile _batches;

    internal GoldenRun(string name)
    {
        Folder = Path.Combine(AppContext.BaseDirectory, "models-mlx", "tuning", name);
        Config = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, AdapterConfig.FileName)))!.AsObject();
        _batches = Mx.LoadSafetensors(Path.Combine(Folder, "batches.safetensors"));
        Losses = [.. Config["losses"]!.AsArray().Select(loss => (double)loss!)];
        Tokens = [.. Config["tokens"]!.AsArray().Select(count => (int)count!)];
    }

    internal static string[] Names { get; } = ["llama-lora", "llama-lora-4bit", "qwen2-full", "qwen3-dora", "qwen3-moe-lora"];

    internal string Folder { get; }

    internal JsonObject Config { get; }

    internal double[] Losses { get; }

    internal int[] Tokens { get; }

    internal LanguageModel LoadModel()
    {
        LanguageModel model = LanguageModel.Load(TestModels.Folder((string)Config["model"]!));
        if (Config["quantize_first"] is JsonObject how)
        {
            int groupSize = (int)how["group_size"]!;
            model.Model.Quantize(groupSize, (int)how["bits"]!, classPredicate: (_, layer) => Width(layer) is { } width
                && width % groupSize == 0);
        }
        return model;
    }

    internal FineTuner Start(LanguageModel model, Func<FineTuningSettings, FineTuningSettings>? change = null)
    {
        AdapterConfig config = AdapterConfig.Load(Folder);

        // On a CPU, MLX compiles with a C++ compiler, which takes longer than the steps.
        FineTuningSettings settings = new()
        {
            Method = config.Method, Layers = config.Layers, Lora = config.Lora,
            WholeModel = config.Method == FineTuningMethod.Full, Compiled = false,
        };
        FineTuner tuner = new(model, null, change?.Invoke(settings) ?? settings, new AdamW(
            Schedules.JoinSchedules([Schedules.LinearSchedule(0, 2e-3, 3), Schedules.CosineDecay(2e-3, 9)], [3]), weightDecay: 0.01));
        string start = Path.Combine(Folder, "start.safetensors");
        if (File.Exists(start))
        {
            model.Model.LoadWeights(start, strict: false);
        }
        return tuner;
    }

    internal TrainingBatch Batch(int i) => TrainingBatch.Create(_batches[$"batch.{i}"], _batches[$"lengths.{i}"]);

    internal double[] Train(FineTuner tuner, int first = 0, int? end = null)
    {
        List<double> losses = [];
        for (int i = first; i < (end ?? Losses.Length); i++)
        {
            using TrainingBatch batch = Batch(i);
            losses.Add(tuner.Step(batch));
        }
        return [.. losses];
    }

    internal SafetensorsFile Final() =>
        Mx.LoadSafetensors(new[] { "adapters.safetensors", "final.safetensors" }.Select(name => Path.Combine(Folder, name))
            .First(File.Exists));

    internal static void RequireLibrary(string name)
    {
        if (name.EndsWith("bit", StringComparison.Ordinal) && LibraryInUse.IsReference)
        {
            Assert.Ignore("The reference library has no quantized matrices.");
        }
    }

    private static int? Width(Module layer) => layer switch
    {
        Linear linear => linear.InputDims,
        Embedding embedding => embedding.Weight.Shape[1],
        _ => null,
    };

    public void Dispose() => _batches.Dispose();
}
