using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Samples.CharLm;

namespace DotMlx.Samples.Lora;

/// <summary>Trains what is trainable of a model: here the corrections alone.</summary>
internal sealed class AdapterTrainer
{
    private const int ValidationBatches = 4;

    private readonly Decoder _model;
    private readonly Corpus _corpus;
    private readonly TrainingSettings _settings;
    private readonly AdamW _optimizer;
    private readonly Func<MlxArray, MlxArray, MlxArray> _step;

    public AdapterTrainer(Decoder model, Corpus corpus, TrainingSettings settings)
    {
        _model = model;
        _corpus = corpus;
        _settings = settings;
        _optimizer = new(Schedules.CosineDecay(settings.LearningRate, settings.Steps), weightDecay: 0f, biasCorrection: true);
        _optimizer.Init(model.TrainableParameters());
        Mx.Eval(model.Parameters(), _optimizer.State);

        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients =
            model.ValueAndGrad((MlxArray inputs, MlxArray targets) => Loss(inputs, targets));
        IMlxState[] state = [model, _optimizer];
        _step = Mx.Compile(
            (MlxArray inputs, MlxArray targets) =>
            {
                (MlxArray loss, TreeDictionary gradients) = lossAndGradients(inputs, targets);
                (TreeDictionary clipped, _) = Gradients.ClipNorm(gradients, 1f);
                model.Update(_optimizer.ApplyGradients(clipped, model.TrainableParameters()));
                return loss;
            },
            state,
            state);
    }

    public float TrainStep(int number)
    {
        using MlxScope scope = MlxScope.Begin();
        (MlxArray inputs, MlxArray targets) = _corpus.Batch(new Random(_settings.Seed + number), _settings.BatchSize, _settings.Context);
        MlxArray loss = _step(inputs, targets);
        TreeList state = new() { loss, _model.TrainableParameters(), _optimizer.State };
        Mx.Eval(state);
        foreach (MlxArray array in state.Leaves)
        {
            scope.Keep(array);
        }
        float value = loss.Item<float>();
        loss.Dispose();
        return value;
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
