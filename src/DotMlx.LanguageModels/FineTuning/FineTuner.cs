using System.Diagnostics;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Fine-tunes a model: LoRA, QLoRA, DoRA, or all weights. A run can be paused and continued, and with checkpoints a run that was killed goes
/// on with the same losses, bit for bit.
/// </summary>
/// <example><code>
/// using LanguageModel model = LanguageModel.Load("models/qwen3");
/// FineTuningData data = FineTuningData.Load("data", model, new() { MaskPrompt = true });
/// using FineTuner tuner = new(model, data, new() { Iterations = 600 }, new AdamW(1e-4));
/// tuner.Run(new Progress&lt;FineTuningProgress&gt;(p => Console.WriteLine(p)));
/// tuner.Adapter.Save("adapters");
/// </code></example>
public sealed class FineTuner : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Decoder _decoder;
    private readonly BatchPlan? _train;
    private readonly BatchPlan? _valid;
    private readonly int _rank;
    private readonly int _processes;
    private readonly Stopwatch _watch = new();
    private FineTuningPosition _position;
    private TimeSpan _reported;
    private int _timed;
    private long _timedTokens;
    private volatile bool _pauses;
    private int _running;

    /// <summary>Prepares a run: makes a new adapter, puts it into use, and makes the training step.</summary>
    /// <param name="model">The model, a decoder; it is not to be used otherwise while it is trained.</param>
    /// <param name="data">What to learn; null to pass batches to <see cref="Step"/> alone.</param>
    /// <param name="settings">How; null for the defaults.</param>
    /// <param name="optimizer">The optimizer; null for Adam with a learning rate of 1e-5.</param>
    /// <exception cref="ArgumentException">Settings do not fit the model or the data.</exception>
    /// <exception cref="NotSupportedException">The model is no decoder, or DoRA is to correct experts.</exception>
    public FineTuner(LanguageModel model, FineTuningData? data, FineTuningSettings? settings = null, OptimizerBase? optimizer = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Settings = settings ?? new();
        Settings.Check();
        (_model, _decoder, Data) = (model, model.Decoder, data);
        (_rank, _processes) = Settings.Group is { } group ? (group.Rank, group.Size) : (0, 1);
        _train = data?.Train is { } train ? new(train, Settings.BatchSize, Settings.Seed) : null;
        _valid = data?.Valid is { } valid ? new(valid, Settings.BatchSize, Settings.Seed) : null;
        Optimizer = optimizer ?? new Adam(1e-5);
        if (Settings.MasterWeights)
        {
            Optimizer.MasterWeights = true;
        }
        Adapter = Adapter.Create(
            model,
            new()
            {
                Method = Settings.Method, Layers = Settings.WholeModel ? 0 : Math.Min(Settings.Layers, _decoder.Model.Layers.Count), Lora = Settings.Lora, Model = model.Folder,
            },
            Settings.Seed);
        if (Settings.WholeModel)
        {
            _decoder.Unfreeze();
        }
        model.Adapter = Adapter;
        _decoder.Model.RecomputesLayers = Settings.GradientCheckpointing;
        TrainingStep = TrainingStep.Create(_decoder, Optimizer, (tokens, mask) => Loss(tokens, mask), new()
        {
            MaxGradientNorm = Settings.MaxGradientNorm,
            AccumulationSteps = Settings.AccumulationSteps,
            Group = Settings.Group,
            Compiled = Settings.Compiled,
            Seed = Settings.Seed,
        });
    }

    /// <summary>How the model is fine-tuned.</summary>
    public FineTuningSettings Settings { get; }

    /// <summary>What is learned, or null.</summary>
    public FineTuningData? Data { get; }

    /// <summary>What is trained, in use in the model.</summary>
    public Adapter Adapter { get; }

    /// <summary>The optimizer.</summary>
    public OptimizerBase Optimizer { get; }

    /// <summary>How many batches have been learned.</summary>
    public int Iteration => _position.Iteration;

    /// <summary>How many tokens have been learned from, of all processes.</summary>
    public long TrainedTokens => _position.Tokens;

    /// <summary>How many parameters are trained, and how many the model has with them.</summary>
    public (long Trained, long All) ParameterCount => (_decoder.TrainableParameters().Leaves.Sum(array => array.Size), _decoder.ParameterCount());

    internal TrainingStep TrainingStep { get; }

    internal ref FineTuningPosition Position => ref _position;

    /// <summary>Learns one batch.</summary>
    /// <param name="batch">The batch, which stays the caller's.</param>
    /// <returns>The mean loss per learned token before the update, in nats.</returns>
    public float Step(TrainingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (!_decoder.Training)
        {
            _decoder.Train();
        }
        float loss = TrainingStep.Run(batch.Tokens, batch.Mask);
        _position.Iteration++;
        _position.LossSum += loss;
        _position.LossCount++;
        long tokens = SumOverProcesses(batch.Count);
        _position.Tokens += tokens;
        _timedTokens += tokens;
        _timed++;
        FineTuningMetrics.Learned(batch.Count);
        return loss;
    }

    /// <summary>The mean loss per token of a set of examples, computed in evaluation mode; its exponential is the perplexity.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="batches">How many batches; less than 0 for all.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <exception cref="ArgumentException">There are fewer examples than a batch takes.</exception>
    public double Evaluate(ExampleSet examples, int batches = -1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return Evaluate(new BatchPlan(examples, Settings.BatchSize, Settings.Seed), batches, cancellationToken);
    }

    /// <summary>Learns until all batches have been learned, or <see cref="Pause"/> is called.</summary>
    /// <param name="progress">Is told of losses and validations, on this thread.</param>
    /// <param name="cancellationToken">Ends the run after the batch that is being learned; the tuner can go on afterwards.</param>
    /// <exception cref="InvalidOperationException">There is nothing to learn from, the run goes on already, or a loss is no number.</exception>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    public FineTuningStatus Run(IProgress<FineTuningProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        BatchPlan plan = _train ?? throw new InvalidOperationException("There is nothing to learn from: the data has no train.jsonl.");
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("This run goes on already: one call at a time.");
        }
        try
        {
            _pauses = false;
            _watch.Start();
            while (Iteration < Settings.Iterations)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_pauses)
                {
                    return FineTuningStatus.Paused;
                }
                Validate(progress, cancellationToken);
                using (TrainingBatch batch = NextBatch(plan))
                {
                    float loss = Step(batch);
                    if (!float.IsFinite(loss))
                    {
                        throw new InvalidOperationException(
                            $"The loss of batch {Iteration} is {loss}: lower the learning rate, or limit the gradients with MaxGradientNorm.");
                    }
                }
                Report(progress);
                if (Settings.CheckpointFolder is not null && (Iteration % Settings.StepsPerCheckpoint == 0 || Iteration == Settings.Iterations))
                {
                    SaveCheckpoint();
                }
            }
            return FineTuningStatus.Completed;
        }
        finally
        {
            _watch.Stop();
            _decoder.Eval();
            Volatile.Write(ref _running, 0);
        }
    }

    /// <summary>As <see cref="Run"/>, on a thread of the pool.</summary>
    /// <param name="progress">Is told of losses and validations.</param>
    /// <param name="cancellationToken">Ends the run after the batch that is being learned.</param>
    public Task<FineTuningStatus> RunAsync(IProgress<FineTuningProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Run(progress, cancellationToken), cancellationToken);

    /// <summary>Ends <see cref="Run"/> after the batch that is being learned. Any thread may call this.</summary>
    public void Pause() => _pauses = true;

    /// <summary>Writes a checkpoint into <see cref="FineTuningSettings.CheckpointFolder"/> and deletes the ones that are too many.</summary>
    /// <exception cref="InvalidOperationException">There is no folder for checkpoints.</exception>
    /// <exception cref="IOException">The file cannot be written; the checkpoints that were there are as they were.</exception>
    public void SaveCheckpoint()
    {
        if (_rank == 0)
        {
            FineTuningCheckpoint.Save(this, Folder());
        }
        Settings.Group?.Barrier();
    }

    /// <summary>Goes on from the newest checkpoint of <see cref="FineTuningSettings.CheckpointFolder"/> that is whole, if there is one.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidOperationException">There is no folder for checkpoints.</exception>
    /// <exception cref="InvalidDataException">The checkpoint belongs to another model, other data or other settings; the message says which.</exception>
    public bool Resume() => FineTuningCheckpoint.Load(this, Folder());

    /// <summary>Ends the training: the model is as it is, with the adapter in use.</summary>
    public void Dispose()
    {
        TrainingStep.Dispose();
        _decoder.OwnsArrays = false;
        _decoder.Model.RecomputesLayers = false;
        _decoder.Eval();
    }

    /// <summary>What a checkpoint must have in common with this run.</summary>
    internal SortedDictionary<string, string> Identity() => new(StringComparer.Ordinal)
    {
        ["model"] = ModelIdentity.Of(_model.Folder),
        ["data"] = Data?.Train?.Identity ?? "",
        ["settings"] = FormattableString.Invariant(
            $"{AdapterConfig.NameOf(Settings.Method)} layers={Adapter.Config.Layers} rank={Settings.Lora.Rank} scale={Settings.Lora.Scale} dropout={Settings.Lora.Dropout} ")
            + FormattableString.Invariant($"keys={string.Join(',', Settings.Lora.Keys ?? [])} whole={Settings.WholeModel} batch={Settings.BatchSize} accumulation={Settings.AccumulationSteps} ")
            + FormattableString.Invariant($"norm={Settings.MaxGradientNorm} masters={Settings.MasterWeights} seed={Settings.Seed} processes={_processes}"),
        ["optimizer"] = Optimizer.GetType().Name,
    };

    private string Folder() =>
        Settings.CheckpointFolder ?? throw new InvalidOperationException("There is no folder for checkpoints: set FineTuningSettings.CheckpointFolder.");

    private TrainingBatch NextBatch(BatchPlan plan)
    {
        if (_position.Batch >= plan.BatchesOf(_position.Epoch))
        {
            _position.Epoch++;
            _position.Batch = 0;
        }
        TrainingBatch batch = plan.Read(_position.Epoch, _position.Batch, _rank, _processes);
        _position.Batch++;
        return batch;
    }

    private MlxArray Loss(MlxArray tokens, MlxArray mask)
    {
        (MlxArray sum, MlxArray count) = SumAndCount(tokens, mask);
        return sum / Mx.Maximum(count, 1);
    }

    /// <summary>The sum of the losses of the learned tokens, float32, and their number.</summary>
    private (MlxArray Sum, MlxArray Count) SumAndCount(MlxArray tokens, MlxArray mask)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray logits = _decoder.Forward(tokens[.., ..^1]);
        MlxArray losses = Losses.CrossEntropy(logits, tokens[.., 1..]) * mask;
        return (scope.Keep(Mx.Sum(Mx.AsType(losses, DType.Float32))), scope.Keep(Mx.Sum(mask)));
    }

    private double Evaluate(BatchPlan plan, int batches, CancellationToken cancellationToken)
    {
        bool training = _decoder.Training;
        _decoder.Eval();
        try
        {
            int count = batches < 0 ? plan.BatchesOf(0) : Math.Min(batches, plan.BatchesOf(0));
            double sum = 0;
            long tokens = 0;
            for (int i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using MlxScope scope = MlxScope.Begin();
                using TrainingBatch batch = plan.Read(0, i, _rank, _processes);
                sum += SumAndCount(batch.Tokens, batch.Mask).Sum.Item<float>();
                tokens += batch.Count;
            }
            if (Settings.Group is { Size: > 1 } group)
            {
                using MlxScope scope = MlxScope.Begin();
                float[] all = Mx.Distributed.AllSum(MlxArray.Create<float>([(float)sum, tokens], 2), group).ToArray<float>();
                return all[0] / Math.Max(all[1], 1);
            }
            return sum / Math.Max(tokens, 1);
        }
        finally
        {
            _decoder.Train(training);
        }
    }

    private void Validate(IProgress<FineTuningProgress>? progress, CancellationToken cancellationToken)
    {
        int next = Iteration + 1;
        if (_valid is null || (next != 1 && next % Settings.StepsPerValidation != 0 && next != Settings.Iterations))
        {
            return;
        }
        TimeSpan begin = _watch.Elapsed;
        double loss = Evaluate(_valid, Settings.ValidationBatches, cancellationToken);

        // Validations do not count as time of training.
        _reported += _watch.Elapsed - begin;
        Tell(progress, Describe() with { ValidationLoss = loss });
    }

    private void Report(IProgress<FineTuningProgress>? progress)
    {
        if (Iteration % Settings.StepsPerReport != 0 && Iteration != Settings.Iterations)
        {
            return;
        }
        double seconds = Math.Max((_watch.Elapsed - _reported).TotalSeconds, 1e-9);
        double pace = _timed / seconds;
        Tell(progress, Describe() with
        {
            Loss = MeanOverProcesses(_position.LossSum / _position.LossCount),
            IterationsPerSecond = pace,
            TokensPerSecond = _timedTokens / seconds,
            Remaining = TimeSpan.FromSeconds((Settings.Iterations - Iteration) / pace),
        });
        (_position.LossSum, _position.LossCount) = (0, 0);
        (_timed, _timedTokens, _reported) = (0, 0, _watch.Elapsed);
    }

    private FineTuningProgress Describe() => new(Iteration, Settings.Iterations)
    {
        LearningRate = Optimizer.LearningRate.Item<float>(), TrainedTokens = TrainedTokens, PeakMemory = Mx.GetPeakMemory(), Elapsed = _watch.Elapsed,
    };

    private static void Tell(IProgress<FineTuningProgress>? progress, FineTuningProgress report)
    {
        FineTuningMetrics.Reported(report);
        progress?.Report(report);
    }

    private double MeanOverProcesses(double value) => Settings.Group is { Size: > 1 } ? Sum((float)value) / _processes : value;

    private long SumOverProcesses(int value) => Settings.Group is { Size: > 1 } ? (long)Sum(value) : value;

    private float Sum(float value)
    {
        using MlxArray own = value, all = Mx.Distributed.AllSum(own, Settings.Group);
        return all.Item<float>();
    }
}
