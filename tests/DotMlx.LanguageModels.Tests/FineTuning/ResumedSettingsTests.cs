using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;

namespace DotMlx.LanguageModels.Tests;

/// <summary>The effects of settings that a resumed run changes.</summary>
internal sealed class ResumedSettingsTests
{
    private static readonly FineTuningSettings Settings = new()
    {
        Layers = 1, Lora = new() { Rank = 2 }, BatchSize = 2, Iterations = 2, StepsPerReport = 1, StepsPerCheckpoint = 2, Compiled = false,
    };

    private string _folder = "";
    private LanguageModel _model = null!;

    [SetUp]
    public void Prepare()
    {
        _folder = Directory.CreateTempSubdirectory("dotmlx-resumed-").FullName;
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
    public void AChangedLearningRateTakesEffect()
    {
        Run(new Adam(1e-3));
        (double? last, FineTuner tuner) = Resume(new Adam(1e-4), iterations: 4);
        Assert.Multiple(() =>
        {
            Assert.That(last, Is.EqualTo(1e-4).Within(1e-9));
            Assert.That(tuner.Iteration, Is.EqualTo(4));
        });
    }

    [Test]
    public void ARateThatTheProgramAssignedStaysWithTheSameOptimizer()
    {
        Run(new Adam(1e-3), tuner => tuner.Optimizer.LearningRate = 3e-4f);
        Assert.Multiple(() =>
        {
            Assert.That(Resume(new Adam(1e-3), iterations: 3).Rate, Is.EqualTo(3e-4).Within(1e-9));
            Assert.That(Resume(new Adam(2e-3), iterations: 5).Rate, Is.EqualTo(2e-3).Within(1e-8));
        });
    }

    [Test]
    public void ASchedulePassesToAConstantRateAndBack()
    {
        Run(new Adam(Schedules.CosineDecay(1e-3, 4)));
        Assert.That(Resume(new Adam(1e-3), iterations: 4).Rate, Is.EqualTo(1e-3)
            .Within(1e-8), "the rate that the schedule begins with is another setting");
        Assert.That(Resume(new Adam(Schedules.LinearSchedule(0, 1e-3, 8)), iterations: 6).Rate, Is.EqualTo(5 * 1e-3 / 8).Within(1e-8));
    }

    [Test]
    public void AnOptimizerWithoutARateRuns()
    {
        Run(new Adafactor());
        Assert.That(Resume(new Adafactor(), iterations: 4).Rate, Is.Null);
    }

    private void Run(OptimizerBase optimizer, Action<FineTuner>? first = null)
    {
        using FineTuner tuner = Tuner(optimizer, Settings.Iterations);
        first?.Invoke(tuner);
        tuner.Run();
        _model.Adapter = null;
    }

    /// <summary>Resumes the run and returns the learning rate of its last update.</summary>
    private (double? Rate, FineTuner Tuner) Resume(OptimizerBase optimizer, int iterations)
    {
        using FineTuner tuner = Tuner(optimizer, iterations);
        Assert.That(tuner.Resume(), Is.True);
        double? rate = -1;
        tuner.Run(new Listener(report => rate = report.LearningRate));
        _model.Adapter = null;
        return (rate, tuner);
    }

    private FineTuner Tuner(OptimizerBase optimizer, int iterations) => new(
        _model, FineTuningData.Load(_folder, _model) with { Valid = null },
        Settings with { Iterations = iterations, CheckpointFolder = Path.Combine(_folder, "checkpoints") }, optimizer);

    private sealed class Listener(Action<FineTuningProgress> report) : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value) => report(value);
    }
}
