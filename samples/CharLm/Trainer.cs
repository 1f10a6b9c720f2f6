using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Samples.CharLm;

/// <summary>A model, its optimizer, and the compiled step that trains them.</summary>
internal sealed class Trainer
{
    private const float MaxGradientNorm = 1f;
    private const int ValidationBatches = 4;

    private readonly Corpus _corpus;
    private readonly Func<MlxArray, MlxArray, MlxArray> _step;

    public Trainer(TrainingSettings settings, Corpus corpus)
    {
        Settings = settings;
        _corpus = corpus;
        Mx.Random.Seed((ulong)settings.Seed);

        // Nothing here keeps parameters from before a step, so their memory is free for the new ones.
        Model = CharModel.Create(settings.Size(corpus.Vocabulary), settings.Dropout);
        Model.OwnsArrays = true;
        Optimizer = new AdamW(WarmUpAndCosine(settings), betas: (0.9f, 0.95f), weightDecay: 0.1f, biasCorrection: true);
        Optimizer.Init(Model.TrainableParameters());
        Mx.Eval(Model.Parameters(), Optimizer.State);
        _step = CompileStep();
    }

    public TrainingSettings Settings { get; }

    public Decoder Model { get; }

    public Optimizer Optimizer { get; }

    /// <summary>Steps done, also in earlier runs.</summary>
    public int StepsDone => (int)Optimizer.Step.Item<ulong>();

    /// <summary>Trains one step; what it draws follows from its number, so that a resumed run goes on as if it had never stopped.</summary>
    /// <returns>The loss before the step.</returns>
    public float TrainStep()
    {
        using MlxScope scope = MlxScope.Begin();
        int seed = HashCode(StepsDone);
        Mx.Random.Seed((uint)seed);
        (MlxArray inputs, MlxArray targets) = _corpus.Batch(new Random(seed), Settings.BatchSize, Settings.Context);
        Model.Train();
        MlxArray loss = _step(inputs, targets);
        TreeList state = new() { loss, Model.Parameters(), Optimizer.State };
        Mx.Eval(state);
        foreach (MlxArray array in state.Leaves)
        {
            scope.Keep(array);
        }
        float value = loss.Item<float>();
        loss.Dispose();
        return value;
    }

    /// <summary>The loss on the tenth of the text that is not trained on.</summary>
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

    private Func<MlxArray, MlxArray, MlxArray> CompileStep()
    {
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients =
            Model.ValueAndGrad((MlxArray inputs, MlxArray targets) => Loss(inputs, targets));
        IMlxState[] state = [Model, Optimizer, Mx.Random.State];
        return Mx.Compile(
            (MlxArray inputs, MlxArray targets) =>
            {
                (MlxArray loss, TreeDictionary gradients) = lossAndGradients(inputs, targets);
                (TreeDictionary clipped, _) = Gradients.ClipNorm(gradients, MaxGradientNorm);
                Model.Update(Optimizer.ApplyGradients(clipped, Model.TrainableParameters()));
                return loss;
            },
            state,
            state);
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

    // System.HashCode differs from run to run; this must not.
    private int HashCode(int step) => unchecked((Settings.Seed * 1_000_003) ^ (step * 7919));
}
