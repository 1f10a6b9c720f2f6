using DotMlx.Data;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.Samples.Digits;

/// <summary>A model, its optimizer, and their order through the data. An epoch depends only on its number.</summary>
internal sealed class Trainer
{
    private const int Hidden1 = 256;
    private const int Hidden2 = 128;

    // With fewer than 1,500 images, label smoothing makes more predictions correct.
    private const float LabelSmoothing = 0.1f;

    private readonly DigitsSet _trainingSet;
    private readonly DigitsSet _heldOutSet;
    private readonly Dataset<int[]> _batches;
    private readonly MlxArray _images;
    private readonly MlxArray _targets;
    private readonly MlxArray _heldOutImages;
    private readonly MlxArray _heldOutTargets;
    private readonly TrainingStep _step;
    private readonly Team? _team;
    private readonly List<EpochRecord> _history = [];

    /// <param name="settings">The settings that determine the results.</param>
    /// <param name="data">The digits.</param>
    /// <param name="team">The processes that train together; null for a single process.</param>
    public Trainer(TrainingSettings settings, DigitsData data, Team? team = null)
    {
        Settings = settings;
        _team = team is { Size: > 1 } ? team : null;
        _trainingSet = data.Training;
        _heldOutSet = data.HeldOut;

        // The order of an epoch depends only on the seed and the number of the epoch, so a resumed run gets the same batches.
        _batches = Dataset.Range(data.Training.Count).Shuffle(settings.Seed).Batch(settings.BatchSize);
        _images = data.Training.Images();
        _targets = data.Training.Targets();
        _heldOutImages = data.HeldOut.Images();
        _heldOutTargets = data.HeldOut.Targets();

        Mx.Random.Seed((ulong)settings.Seed);
        Model = new Sequential(
            new Linear(DigitsData.PixelCount, Hidden1), new ReLU(),
            new Linear(Hidden1, Hidden2), new ReLU(),
            new Linear(Hidden2, DigitsData.ClassCount));
        int steps = BatchesPerEpoch * settings.DecayEpochs;
        Optimizer = OptimizerChoice.Create(settings.Optimizer, OptimizerChoice.WarmUpAndCosine(settings.LearningRate, steps));

        // On a CPU, MLX compiles a step with a C++ compiler, which this sample doesn't require.
        bool compiled = Mx.DefaultDevice().Type == DeviceType.Gpu;
        _step = TrainingStep.Create(Model, Optimizer, BatchLoss,
            new() { Group = _team?.Group, Seed = (ulong)settings.Seed, Compiled = compiled });
    }

    public TrainingSettings Settings { get; }

    public Sequential Model { get; }

    public Optimizer Optimizer { get; }

    /// <summary>The figures of the complete epochs, in order.</summary>
    public IReadOnlyList<EpochRecord> History => _history;

    public int TrainingCount => _trainingSet.Count;

    private int BatchesPerEpoch => _batches.Count!.Value;

    /// <summary>Trains the next epoch.</summary>
    /// <param name="onBatch">Called with the number of examples and the loss of each batch.</param>
    /// <param name="cancellation">
    /// Checked between batches. After a cancellation, the epoch is incomplete, and the trainer can't be used again. In a team, it is
    /// checked before the epoch.
    /// </param>
    public EpochRecord TrainEpoch(Action<int, float>? onBatch = null, CancellationToken cancellation = default)
    {
        // If any process is asked to stop, all stop after the same epoch, so that none waits for one that has ended. Checking costs nothing
        // per batch.
        if (_team?.Any(cancellation.IsCancellationRequested) ?? false)
        {
            throw new OperationCanceledException(cancellation);
        }

        Model.Train();
        double lossSum = 0;
        foreach (int[] batch in _batches.Pass(_history.Count))
        {
            if (_team is null)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            float loss = TrainBatch(batch);
            lossSum += loss * batch.Length;
            onBatch?.Invoke(batch.Length, loss);
        }

        Evaluation training = Evaluate(_trainingSet, _images, _targets);
        Evaluation heldOut = EvaluateHeldOut();
        var record = new EpochRecord((float)(lossSum / _trainingSet.Count), training.Accuracy, heldOut.Loss, heldOut.Accuracy);
        _history.Add(record);
        return record;
    }

    public Evaluation EvaluateHeldOut() => Evaluate(_heldOutSet, _heldOutImages, _heldOutTargets);

    /// <summary>The state that the next epoch depends on, and the history; valid until that epoch is trained.</summary>
    public TreeDictionary CaptureState() => new()
    {
        ["model"] = Model.Parameters(),
        ["optimizer"] = Optimizer.State,
        ["history"] = HistoryArray(),
    };

    /// <summary>Continues from a captured state.</summary>
    /// <exception cref="Exception">The state belongs to another model or optimizer.</exception>
    public void RestoreState(TreeDictionary state)
    {
        Model.Update(state["model"]);
        Optimizer.State = (TreeDictionary)state["optimizer"];
        float[] figures = state["history"].Array.ToArray<float>();
        _history.Clear();
        for (int i = 0; i < figures.Length; i += 4)
        {
            _history.Add(new EpochRecord(figures[i], figures[i + 1], figures[i + 2], figures[i + 3]));
        }
    }

    private MlxArray HistoryArray() => MlxArray.Create<float>(
        [.. _history.SelectMany(record => new[] { record.Loss, record.Accuracy, record.HeldOutLoss, record.HeldOutAccuracy })],
        _history.Count,
        4);

    private static MlxArray Loss(MlxArray logits, MlxArray targets) =>
        Losses.CrossEntropy(logits, targets, labelSmoothing: LabelSmoothing, reduction: Reduction.Mean);

    // In a team, each process gets a part of the batch, and its examples have weights.
    private MlxArray BatchLoss(MlxArray[] batch) => batch is [var images, var targets, var weights]
        ? (Losses.CrossEntropy(Model.Forward(images), targets, labelSmoothing: LabelSmoothing) * weights).Sum()
        : Loss(Model.Forward(batch[0]), batch[1]);

    private float TrainBatch(int[] batch)
    {
        using MlxScope scope = MlxScope.Begin();
        (int[] rows, float[]? weights) = _team is null ? (batch, (float[]?)null) : _team.PartOf(batch);
        MlxArray index = MlxArray.Create<int>(rows, rows.Length);
        MlxArray images = Mx.Take(_images, index, axis: 0), targets = Mx.Take(_targets, index, axis: 0);
        return weights is null ? _step.Run(images, targets) : _step.Run(images, targets, MlxArray.Create<float>(weights, weights.Length));
    }

    private Evaluation Evaluate(DigitsSet set, MlxArray images, MlxArray targets)
    {
        using MlxScope scope = MlxScope.Begin();
        Model.Eval();
        MlxArray logits = Model.Forward(images);
        MlxArray loss = Loss(logits, targets);
        MlxArray predicted = Mx.ArgMax(logits, axis: -1).AsType(DType.Int32);
        return new Evaluation(loss.Item<float>(), set.Labels, predicted.ToArray<int>());
    }
}
