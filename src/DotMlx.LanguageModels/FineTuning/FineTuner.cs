using System.Diagnostics;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Optimizers;
using DotMlx.Training;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>
/// Fine-tunes a model with LoRA, QLoRA, DoRA, or full fine-tuning (<c>mlx_lm.lora</c>). A run can be paused and continued. With
/// checkpoints, a run that was killed resumes with bit-identical losses.
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

    /// <summary>Prepares a run. The constructor creates a new adapter, activates it in the model, and creates the training step.</summary>
    /// <param name="model">The model, which must be a decoder. Don't use it for anything else during training.</param>
    /// <param name="data">The data; null if only <see cref="Step"/> is called.</param>
    /// <param name="settings">The settings; null for the defaults.</param>
    /// <param name="optimizer">The optimizer; null for Adam with a learning rate of 1e-5.</param>
    /// <exception cref="ArgumentException">The settings don't fit the model or the data.</exception>
    /// <exception cref="NotSupportedException">The model isn't a decoder, or the settings apply DoRA to expert layers.</exception>
    /// <exception cref="InvalidOperationException">The method is full fine-tuning, and another adapter is in use.</exception>
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
        if (!Settings.Compiled)
        {
            // A compiled step fuses the update of each matrix. Otherwise, the many small matrices of an adapter are updated together.
            Optimizer.GroupSmallParameters = true;
        }
        LearningRate = LearningRates.Describe(Optimizer);
        Adapter = Adapter.Create(
            model,
            new()
            {
                Method = Settings.Method, Layers = Settings.WholeModel
                    ? 0
                    : Math.Min(Settings.Layers, _decoder.Model.Layers.Count), Lora = Settings.Lora, Model = model.Folder,
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

    /// <summary>The settings of the run.</summary>
    public FineTuningSettings Settings { get; }

    /// <summary>The data of the run, or null.</summary>
    public FineTuningData? Data { get; }

    /// <summary>The adapter in training, which is active in the model.</summary>
    public Adapter Adapter { get; }

    /// <summary>The optimizer.</summary>
    public OptimizerBase Optimizer { get; }

    /// <summary>The number of batches trained so far.</summary>
    public int Iteration => _position.Iteration;

    /// <summary>The number of tokens trained on so far, summed over all processes. Masked tokens don't count.</summary>
    public long TrainedTokens => _position.Tokens;

    /// <summary>
    /// The number of trainable parameters and the number of all parameters, including the adapter. Quantized weights count as packed uint32
    /// elements.
    /// </summary>
    public (long Trained, long All) ParameterCount =>
        (_decoder.TrainableParameters().Leaves.Sum(array => array.Size), _decoder.ParameterCount());

    internal TrainingStep TrainingStep { get; }

    /// <summary>A description of the learning rate or the schedule that the optimizer was created with.</summary>
    internal string LearningRate { get; }

    internal ref FineTuningPosition Position => ref _position;

    /// <summary>Trains on one batch.</summary>
    /// <param name="batch">The batch, which the caller still owns.</param>
    /// <returns>The mean loss per unmasked token before the update, in nats. With a group, it is the mean over the processes.</returns>
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

    /// <summary>
    /// Computes the mean loss per token in nats on a set of examples, in evaluation mode. Its exponential is the perplexity.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <param name="batches">The maximum number of batches; negative for all.</param>
    /// <param name="cancellationToken">Cancels the evaluation.</param>
    /// <returns>The mean loss per unmasked token, in nats.</returns>
    /// <exception cref="ArgumentException">The set has fewer examples than the batch size.</exception>
    /// <exception cref="OperationCanceledException">The evaluation was canceled.</exception>
    public double Evaluate(ExampleSet examples, int batches = -1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return Evaluate(new BatchPlan(examples, Settings.BatchSize, Settings.Seed), batches, cancellationToken);
    }

    /// <summary>Trains until all iterations are complete or <see cref="Pause"/> is called.</summary>
    /// <param name="progress">Receives training and validation reports on the calling thread.</param>
    /// <param name="cancellationToken">Cancels the run after the current batch. The run can continue afterward.</param>
    /// <returns>Whether the run is complete or paused.</returns>
    /// <exception cref="InvalidOperationException">
    /// There is no training data, the run is already in progress, or a loss isn't finite.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    public FineTuningStatus Run(IProgress<FineTuningProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        BatchPlan plan = _train ?? throw new InvalidOperationException("There is no training data: the data folder has no train.jsonl.");
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("This run is already in progress. Make one call at a time.");
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
                            $"The loss of batch {Iteration} is {loss}: lower the learning rate, or limit "
                            + $"the gradients with MaxGradientNorm.");
                    }
                }
                Report(progress);
                if (Settings.CheckpointFolder is not null
                    && (Iteration % Settings.StepsPerCheckpoint == 0 || Iteration == Settings.Iterations))
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

    /// <summary>Runs <see cref="Run"/> on a thread-pool thread.</summary>
    /// <param name="progress">Receives training and validation reports on the training thread.</param>
    /// <param name="cancellationToken">Cancels the run after the current batch.</param>
    /// <returns>Whether the run is complete or paused.</returns>
    public Task<FineTuningStatus> RunAsync(IProgress<FineTuningProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Run(progress, cancellationToken), cancellationToken);

    /// <summary>Pauses <see cref="Run"/> after the current batch. This method is thread-safe.</summary>
    public void Pause() => _pauses = true;

    /// <summary>
    /// Saves a checkpoint to <see cref="FineTuningSettings.CheckpointFolder"/> and deletes the oldest ones beyond
    /// <see cref="FineTuningSettings.KeptCheckpoints"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">No checkpoint folder is set.</exception>
    /// <exception cref="IOException">The file can't be written. Existing checkpoints are unchanged.</exception>
    public void SaveCheckpoint()
    {
        if (_rank == 0)
        {
            FineTuningCheckpoint.Save(this, Folder());
        }
        Settings.Group?.Barrier();
    }

    /// <summary>Resumes from the newest intact checkpoint in <see cref="FineTuningSettings.CheckpointFolder"/>, if one exists.</summary>
    /// <remarks>
    /// Settings that would change the completed steps, such as the rank, the batch size, or the kind of optimizer, must match the
    /// checkpoint. All other settings take their current values: the learning rate or its schedule, the other hyperparameters of the
    /// optimizer, the number of iterations, and the settings for reports, validation, and checkpoints. A learning rate that was assigned
    /// during the run is kept if the optimizer is created with the same rate as before.
    /// </remarks>
    /// <returns>Whether a checkpoint was restored.</returns>
    /// <exception cref="InvalidOperationException">No checkpoint folder is set.</exception>
    /// <exception cref="InvalidDataException">
    /// No checkpoint is intact, or the checkpoint belongs to a different model, data set, or configuration. The message names the
    /// difference.
    /// </exception>
    public bool Resume() => FineTuningCheckpoint.Load(this, Folder());

    /// <summary>Ends training. The model keeps its current weights, and the adapter stays in use.</summary>
    public void Dispose()
    {
        TrainingStep.Dispose();
        _decoder.OwnsArrays = false;
        _decoder.Model.RecomputesLayers = false;
        _decoder.Eval();
    }

    /// <summary>The properties of the run that a checkpoint must match.</summary>
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
        Settings.CheckpointFolder
            ?? throw new InvalidOperationException("There is no folder for checkpoints: set FineTuningSettings.CheckpointFolder.");

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

    /// <summary>The sum of the losses over the unmasked tokens, as a float32 scalar, and the number of these tokens.</summary>
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

        // Excludes validation from the measured training speed.
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
        LearningRate = LearningRates.Of(Optimizer), TrainedTokens = TrainedTokens, PeakMemory = Mx.GetPeakMemory(),
        Elapsed = _watch.Elapsed,
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
