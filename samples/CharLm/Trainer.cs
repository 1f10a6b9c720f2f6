using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.Samples.CharLm;

/// <summary>A model, its optimizer, and the compiled step that trains them.</summary>
internal sealed class Trainer
{
    private const double MaxGradientNorm = 1;
    private const int ValidationBatches = 4;

    private readonly Corpus _corpus;
    private readonly TrainingStep _step;

    public Trainer(TrainingSettings settings, Corpus corpus)
    {
        Settings = settings;
        _corpus = corpus;
        Mx.Random.Seed((ulong)settings.Seed);

        Model = CharModel.Create(settings.Size(corpus.Vocabulary), settings.Dropout);
        Optimizer = new AdamW(WarmUpAndCosine(settings), betas: (0.9, 0.95), weightDecay: 0.1, biasCorrection: true);
        _step = TrainingStep.Create(Model, Optimizer, Loss, new() { MaxGradientNorm = MaxGradientNorm, Seed = (ulong)settings.Seed });
    }

    public TrainingSettings Settings { get; }

    public Decoder Model { get; }

    public Optimizer Optimizer { get; }

    /// <summary>The number of steps, including those of earlier runs.</summary>
    public int StepsDone => (int)Optimizer.Step.Item<ulong>();

    /// <summary>The model, the optimizer, and the random numbers.</summary>
    public Tree CaptureState() => _step.CaptureState();

    /// <summary>Continues from a saved state.</summary>
    public void RestoreState(TreeDictionary state) => _step.RestoreState(state);

    /// <summary>Trains one step on a batch that depends only on the step's number.</summary>
    /// <returns>The loss before the step.</returns>
    public float TrainStep()
    {
        (MlxArray inputs, MlxArray targets) = _corpus.Batch(new Random(HashCode(StepsDone)), Settings.BatchSize, Settings.Context);
        using (inputs)
        using (targets)
        {
            Model.Train();
            return _step.Run(inputs, targets);
        }
    }

    /// <summary>Returns the loss on the tenth of the text that is held out.</summary>
    public float Validate()
    {
        Model.Eval();
        Random random = new(Settings.Seed);
        float sum = 0;
        for (int i = 0; i < ValidationBatches; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            (MlxArray inputs, MlxArray targets) = _corpus.Batch(random, Settings.BatchSize, Settings.Context, training: false);
            sum += Loss(inputs, targets).Item<float>();
        }
        return sum / ValidationBatches;
    }

    private MlxArray Loss(MlxArray inputs, MlxArray targets) =>
        Losses.CrossEntropy(Model.Forward(inputs), targets, reduction: Reduction.Mean);

    private static Schedule WarmUpAndCosine(TrainingSettings settings)
    {
        int warmUp = Math.Max(1, settings.Steps / 20);
        return Schedules.JoinSchedules(
            [
                Schedules.LinearSchedule(settings.LearningRate / 100, settings.LearningRate, warmUp),
                Schedules.CosineDecay(settings.LearningRate, Math.Max(1, settings.Steps - warmUp), settings.LearningRate / 10),
            ],
            [warmUp]);
    }

    // System.HashCode differs between runs, but this hash must not.
    private int HashCode(int step) => unchecked((Settings.Seed * 1_000_003) ^ (step * 7919));
}
