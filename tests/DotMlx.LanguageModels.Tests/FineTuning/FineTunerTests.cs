using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

internal sealed class FineTunerTests
{
    private static readonly FineTuningSettings Settings = new()
    {
        Layers = 2, Lora = new() { Rank = 4, Dropout = 0.1 }, BatchSize = 2, Iterations = 8, StepsPerReport = 2, StepsPerValidation = 4,
        ValidationBatches = 2, StepsPerCheckpoint = 3, KeptCheckpoints = 2, Compiled = false, Seed = 5,
    };

    private string _folder = "";
    private LanguageModel _model = null!;

    [SetUp]
    public void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("dotmlx-tuning-").FullName;
        TuningData.Write(_folder);
        _model = LanguageModel.Load(TestModels.Folder("qwen3"));
    }

    [TearDown]
    public void Finish()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void ARunLearnsAndReports()
    {
        List<FineTuningProgress> reports = [];
        using FineTuner tuner = new(_model, Data(), Settings, new Adam(5e-3));
        FineTuningStatus status = tuner.Run(new Listener(reports.Add));
        FineTuningProgress[] losses = [.. reports.Where(report => report.Loss is not null)],
            validations = [.. reports.Where(report => report.ValidationLoss is not null)];
        Assert.Multiple(() =>
        {
            Assert.That(status, Is.EqualTo(FineTuningStatus.Completed));
            Assert.That(losses.Select(report => report.Iteration), Is.EqualTo(new[] { 2, 4, 6, 8 }));
            Assert.That(validations.Select(report => report.Iteration), Is.EqualTo(new[] { 0, 3, 7 }));
            Assert.That(validations[^1].ValidationLoss, Is.LessThan(validations[0].ValidationLoss!.Value));
            Assert.That(losses[^1].TrainedTokens, Is.EqualTo(tuner.TrainedTokens).And.GreaterThan(0));
            Assert.That(losses[^1].Remaining, Is.EqualTo(TimeSpan.Zero));
            Assert.That(losses[^1].TokensPerSecond, Is.GreaterThan(0));
            Assert.That(losses[0].LearningRate, Is.EqualTo(5e-3).Within(1e-8));
            Assert.That(_model.Model.Training, Is.False);
            Assert.That(tuner.ParameterCount.Trained, Is.LessThan(tuner.ParameterCount.All));
        });
    }

    [Test]
    public void APausedRunContinuesAsIfUninterrupted()
    {
        double[] whole = Losses(null);
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        using FineTuner tuner = new(model, Data(), Settings with { StepsPerReport = 1 }, new Adam(5e-3));
        List<double> losses = [];
        FineTuningStatus first = tuner.Run(new Listener(report =>
        {
            losses.AddRange(report.Loss is { } loss ? [loss] : []);
            if (tuner.Iteration == 3)
            {
                tuner.Pause();
            }
        }));
        int paused = tuner.Iteration;
        using CancellationTokenSource source = new();
        Assert.That(() => tuner.Run(new Listener(report =>
        {
            losses.AddRange(report.Loss is { } loss ? [loss] : []);
            source.Cancel();
        }), source.Token), Throws.InstanceOf<OperationCanceledException>());
        tuner.Run(new Listener(report => losses.AddRange(report.Loss is { } loss ? [loss] : [])));
        Assert.Multiple(() =>
        {
            Assert.That((first, paused), Is.EqualTo((FineTuningStatus.Paused, 3)));
            Assert.That(losses, Is.EqualTo(whole));
        });
    }

    [TestCase(FineTuningMethod.Lora, 1)]
    [TestCase(FineTuningMethod.Dora, 2)]
    [TestCase(FineTuningMethod.Full, 1)]
    public void AResumedRunHasTheSameLossesToTheBit(FineTuningMethod method, int accumulation)
    {
        string checkpoints = Path.Combine(_folder, "checkpoints");
        FineTuningSettings settings = Settings
            with { Method = method, AccumulationSteps = accumulation, StepsPerReport = 1, StepsPerCheckpoint = 5 };
        double[] whole = Losses(settings);
        List<double> losses = [];
        using (LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3")))
        using (FineTuner tuner = new(model, Data(), settings with { CheckpointFolder = checkpoints }, new Adam(5e-3)))
        {
            Assert.That(tuner.Resume(), Is.False);
            tuner.Run(new Listener(report =>
            {
                losses.AddRange(report.Loss is { } loss ? [loss] : []);
                if (tuner.Iteration == 6)
                {
                    tuner.Pause();
                }
            }));
        }
        losses.RemoveRange(5, losses.Count - 5);
        using (LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3")))
        using (FineTuner tuner = new(model, Data(), settings with { CheckpointFolder = checkpoints }, new Adam(5e-3)))
        {
            Assert.That(tuner.Resume(), Is.True);
            Assert.That(tuner.Iteration, Is.EqualTo(5));
            tuner.Run(new Listener(report => losses.AddRange(report.Loss is { } loss ? [loss] : [])));
        }
        Assert.That(losses, Is.EqualTo(whole));
    }

    [Test]
    public void CheckpointsAreKeptByCountAndBelongToTheirRun()
    {
        string checkpoints = Path.Combine(_folder, "checkpoints");
        FineTuningSettings settings = Settings with { CheckpointFolder = checkpoints, StepsPerCheckpoint = 2 };
        using (FineTuner tuner = new(_model, Data(), settings))
        {
            tuner.Run();
            _model.Adapter = null;
        }
        Assert.That(Directory.GetFiles(checkpoints).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "checkpoint-00000006.safetensors", "checkpoint-00000008.safetensors" }));

        // The newest checkpoint is broken, so the previous one is used.
        File.WriteAllBytes(Path.Combine(checkpoints, "checkpoint-00000009.safetensors"), [1, 2, 3]);
        using (FineTuner tuner = new(_model, Data(), settings))
        {
            Assert.That(tuner.Resume(), Is.True);
            Assert.That(tuner.Iteration, Is.EqualTo(8));
            _model.Adapter = null;
        }
        using (FineTuner tuner = new(_model, Data(), settings with { Lora = settings.Lora with { Scale = 3 } }))
        {
            Assert.That(tuner.Resume, Throws.TypeOf<InvalidDataException>().With.Message.Contains("scale=3"));
            _model.Adapter = null;
        }
        File.AppendAllText(Path.Combine(_folder, "train.jsonl"), """{"text": "more"}""");
        using (FineTuner tuner = new(_model, Data(), settings))
        {
            Assert.That(tuner.Resume, Throws.TypeOf<InvalidDataException>().With.Message.Contains("another training set"));
        }
    }

    [Test]
    public void MemoryStaysFlatWithoutAScope() => StayFlat(steps: 30);

    [Test]
    [Explicit("Takes a minute.")]
    public void MemoryStaysFlatOverTwoThousandSteps() => StayFlat(steps: 2000);

    private void StayFlat(int steps)
    {
        using FineTuner tuner = new(_model, Data(), Settings
            with { Iterations = 1000, Layers = 1, ValidationBatches = 1 }, new AdamW(1e-3));
        using TrainingBatch batch = TrainingBatch.Pad([new([1, 2, 3, 4, 5], 0), new([5, 6, 7], 1)], 64);
        for (int i = 0; i < 5; i++)
        {
            tuner.Step(batch);
        }

        // Arrays that other tests left to the garbage collector aren't counted.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        long arrays = MlxDiagnostics.LiveArrays, bytes = MlxDiagnostics.LiveBytes;
        for (int i = 0; i < steps; i++)
        {
            tuner.Step(batch);
        }
        Assert.Multiple(() =>
        {
            Assert.That(MlxDiagnostics.LiveArrays, Is.LessThanOrEqualTo(arrays));
            Assert.That(MlxDiagnostics.LiveBytes, Is.LessThanOrEqualTo(bytes));
        });
    }

    [Test]
    public void SettingsThatDoNotFitAreRefused() => Assert.Multiple(() =>
    {
        Assert.That(() => new FineTuner(_model, Data(), Settings with { BatchSize = 1000 }),
            Throws.ArgumentException.With.Message.Contains("a batch takes 1000"));
        Assert.That(() => new FineTuner(_model, Data(), Settings with { MaxGradientNorm = 0 }),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new FineTuner(_model, Data(), Settings with { WholeModel = true }), Throws.ArgumentException);
    });

    private FineTuningData Data() => FineTuningData.Load(_folder, _model);

    private double[] Losses(FineTuningSettings? settings)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen3"));
        using FineTuner tuner = new(model, Data(), (settings ?? Settings) with { StepsPerReport = 1 }, new Adam(5e-3));
        List<double> losses = [];
        tuner.Run(new Listener(report => losses.AddRange(report.Loss is { } loss ? [loss] : [])));
        return [.. losses];
    }

    private sealed class Listener(Action<FineTuningProgress> report) : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value) => report(value);
    }
}
