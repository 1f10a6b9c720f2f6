using DotMlx.LanguageModels.FineTuning;

namespace DotMlx.LanguageModels.Tests;

/// <summary>Compares fine-tuning with runs of mlx-lm from the same start, with the same batches and the same optimizer.</summary>
internal sealed class GoldenTuningTests
{
    [TestCaseSource(typeof(GoldenRun), nameof(GoldenRun.Names))]
    public void LossesAndAdaptersAreThoseOfMlxLm(string name)
    {
        GoldenRun.RequireLibrary(name);
        using GoldenRun run = new(name);
        using LanguageModel model = run.LoadModel();
        using FineTuner tuner = run.Start(model);
        double[] losses = run.Train(tuner);
        using SafetensorsFile final = run.Final();
        Dictionary<string, MlxArray> weights = model.Model.Parameters().Flatten().ToDictionary(item => item.Key, item => item.Value);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < losses.Length; i++)
            {
                Assert.That(losses[i], Is.EqualTo(run.Losses[i]).Within(1e-4 * run.Losses[i]), $"loss {i}");
            }
            foreach ((string key, MlxArray expected) in final)
            {
                Assert.That(Expected.Difference(weights[key], expected), Is.LessThan(1e-3), key);
            }
        });
    }

    [TestCaseSource(typeof(GoldenRun), nameof(GoldenRun.Names))]
    public void BatchesCountTheTokensThatMlxLmCounts(string name)
    {
        using GoldenRun run = new(name);
        for (int i = 0; i < run.Tokens.Length; i++)
        {
            using TrainingBatch batch = run.Batch(i);
            Assert.That(batch.Count, Is.EqualTo(run.Tokens[i]));
        }
    }

    [TestCase("llama-lora")]
    [TestCase("qwen3-moe-lora")]
    public void RecomputedLayersGiveTheSameLosses(string name)
    {
        using GoldenRun run = new(name);
        using LanguageModel model = run.LoadModel();
        using FineTuner tuner = run.Start(model, settings => settings with { GradientCheckpointing = true });
        double[] losses = run.Train(tuner, 0, 5);
        Assert.That(losses, Is.EqualTo(run.Losses[..5]).Within(1e-3));
    }

    [Test]
    public void ACompiledStepGivesTheSameLosses()
    {
        using GoldenRun run = new("llama-lora");
        using LanguageModel model = run.LoadModel();
        using FineTuner tuner = run.Start(model, settings => settings
            with { Compiled = true, Layers = 1, Lora = settings.Lora with { Keys = ["self_attn.q_proj"] } });
        using LanguageModel same = run.LoadModel();
        using FineTuner plain =
            run.Start(same, settings => settings with { Layers = 1, Lora = settings.Lora with { Keys = ["self_attn.q_proj"] } });
        Assert.That(run.Train(tuner, 0, 4), Is.EqualTo(run.Train(plain, 0, 4)).Within(1e-4));
    }

    [TestCase("llama-lora")]
    [TestCase("llama-lora-4bit")]
    [TestCase("qwen3-dora")]
    [TestCase("qwen3-moe-lora")]
    public void TheFusedModelGivesTheLogitsOfTheAdaptedOne(string name)
    {
        GoldenRun.RequireLibrary(name);
        using GoldenRun run = new(name);
        using LanguageModel model = run.LoadModel();
        using TrainingBatch batch = run.Batch(0);
        using MlxArray plain = model.Decoder.Forward(batch.Tokens);
        model.Adapter = Adapter.Load(model, run.Folder);
        using MlxArray adapted = model.Decoder.Forward(batch.Tokens);
        Mx.Eval(plain, adapted);
        model.Adapter!.Fuse(dequantize: true);
        using MlxArray fused = model.Decoder.Forward(batch.Tokens);
        Assert.Multiple(() =>
        {
            Assert.That(model.Adapter, Is.Null);
            Assert.That(Expected.Difference(adapted, plain), Is.GreaterThan(1e-3));
            Assert.That(Expected.Difference(fused, adapted), Is.LessThan(1e-5));
        });
    }
}
