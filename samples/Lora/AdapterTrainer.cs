using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;
using DotMlx.Samples.CharLm;

namespace DotMlx.Samples.Lora;

/// <summary>Trains what is trainable of a model: here the corrections alone.</summary>
internal sealed class AdapterTrainer
{
    private const int ValidationBatches = 4;

    private readonly Decoder _model;
    private readonly Corpus _corpus;
    private readonly TrainingSettings _settings;
    private readonly TrainingStep _step;

    public AdapterTrainer(Decoder model, Corpus corpus, TrainingSettings settings)
    {
        _model = model;
        _corpus = corpus;
        _settings = settings;
        AdamW optimizer = new(Schedules.CosineDecay(settings.LearningRate, settings.Steps), weightDecay: 0, biasCorrection: true);
        _step = TrainingStep.Create(model, optimizer, Loss, new() { MaxGradientNorm = 1, Seed = (ulong)settings.Seed });
    }

    public float TrainStep(int number)
    {
        (MlxArray inputs, MlxArray targets) = _corpus.Batch(new Random(_settings.Seed + number), _settings.BatchSize, _settings.Context);
        using (inputs)
        using (targets)
        {
            return _step.Run(inputs, targets);
        }
    }

    /// <summary>The loss of a model on the tenth of a text that is not trained on.</summary>
    public static float Validate(Decoder model, Corpus corpus, TrainingSettings settings)
    {
        model.Eval();
        Random random = new(settings.Seed);
        float sum = 0;
        for (int i = 0; i < ValidationBatches; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            (MlxArray inputs, MlxArray targets) = corpus.Batch(random, settings.BatchSize, settings.Context, training: false);
            sum += Losses.CrossEntropy(model.Forward(inputs), targets, reduction: Reduction.Mean).Item<float>();
        }
        return sum / ValidationBatches;
    }

    private MlxArray Loss(MlxArray inputs, MlxArray targets) =>
        Losses.CrossEntropy(_model.Forward(inputs), targets, reduction: Reduction.Mean);
}
