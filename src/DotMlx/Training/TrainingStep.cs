using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Training;

/// <summary>
/// Trains a model step by step: one call computes the loss of a batch and its gradients, averages, accumulates and clips them, updates
/// model and optimizer, evaluates everything once and frees what it replaced. Memory stays flat without a scope.
/// </summary>
/// <remarks>
/// The model is used in the mode it is in, so that <c>Eval</c>, <c>Train</c>, <c>Freeze</c> and <c>Unfreeze</c> between two steps have their effect.
/// Random numbers come from a sequence of the step's own, which is part of its state: what a program draws in between changes nothing, and a
/// run that was saved and loaded goes on as if it had never stopped. A call that throws leaves model and optimizer as they were.
/// </remarks>
/// <example><code>
/// using TrainingStep step = TrainingStep.Create(
///     model, optimizer, (x, y) => Losses.CrossEntropy(model.Forward(x), y, reduction: Reduction.Mean), new() { MaxGradientNorm = 1 });
/// foreach ((MlxArray x, MlxArray y) in batches)
/// {
///     float loss = step.Run(x, y);
/// }
/// </code></example>
public sealed class TrainingStep : IMlxState, IDisposable
{
    private const string ModelKey = "model";
    private const string OptimizerKey = "optimizer";
    private const string RandomKey = "random";
    private const string SumKey = "accumulated";
    private const string CountKey = "count";

    private readonly Func<MlxArray[], TreeDictionary> _differentiate;
    private readonly Func<TreeDictionary, TreeDictionary> _update;
    private readonly GradientAccumulator _accumulator;
    private readonly TrainingStepOptions _options;
    private readonly KeySequence _random;
    private int _running;

    private TrainingStep(Module model, OptimizerBase optimizer, Func<MlxArray[], MlxArray> loss, TrainingStepOptions options)
    {
        (Model, Optimizer, _options) = (model, optimizer, options);
        _accumulator = new GradientAccumulator(options.AccumulationSteps);

        // Nobody else keeps the parameters from before a step, so their memory is free for the new ones.
        model.OwnsArrays = true;
        optimizer.Init(model.TrainableParameters());
        _random = NewSequence(options.Seed);
        Mx.Eval(model.CaptureState(), optimizer.State);

        Func<MlxArray[], (MlxArray Value, TreeDictionary Gradients)> lossAndGradients = model.ValueAndGrad(loss);
        _differentiate = Compile<MlxArray[]>(
            batch =>
            {
                (MlxArray value, TreeDictionary gradients) = lossAndGradients(batch);
                return new() { ["loss"] = value.AsType(DType.Float32), ["gradients"] = gradients };
            },
            [model, Mx.Random.State]);
        _update = Compile<TreeDictionary>(
            gradients =>
            {
                TreeDictionary clipped = options.MaxGradientNorm is { } most ? Gradients.ClipNorm(gradients, most).Gradients : gradients;
                optimizer.Update(model, clipped);
                return [];
            },
            [model, optimizer]);
    }

    /// <summary>The model; the step frees its arrays as it replaces them (<see cref="Module.OwnsArrays"/>).</summary>
    public Module Model { get; }

    /// <summary>The optimizer.</summary>
    public OptimizerBase Optimizer { get; }

    /// <summary>Makes a step of a loss of one array.</summary>
    /// <param name="model">The model, whose trainable parameters are trained.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="loss">Uses the model and returns a scalar, the mean over the batch.</param>
    /// <param name="options">How to train; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static TrainingStep Create(Module model, OptimizerBase optimizer, Func<MlxArray, MlxArray> loss, TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Create(model, optimizer, batch => loss(Arrays(batch, 1)[0]), options);
    }

    /// <summary>Makes a step of a loss of two arrays, such as inputs and targets.</summary>
    /// <inheritdoc cref="Create(Module, OptimizerBase, Func{MlxArray, MlxArray}, TrainingStepOptions)"/>
    public static TrainingStep Create(
        Module model, OptimizerBase optimizer, Func<MlxArray, MlxArray, MlxArray> loss, TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Create(model, optimizer, batch => loss(Arrays(batch, 2)[0], batch[1]), options);
    }

    /// <summary>Makes a step of a loss of any number of arrays.</summary>
    /// <inheritdoc cref="Create(Module, OptimizerBase, Func{MlxArray, MlxArray}, TrainingStepOptions)"/>
    public static TrainingStep Create(Module model, OptimizerBase optimizer, Func<MlxArray[], MlxArray> loss, TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(loss);
        return new TrainingStep(model, optimizer, loss, options ?? new());
    }

    /// <summary>Trains one step.</summary>
    /// <param name="batch">The arrays that the loss takes; they stay the caller's.</param>
    /// <returns>The loss of this batch before the update; with a group, the mean of its processes.</returns>
    /// <exception cref="ArgumentException">The loss takes another number of arrays.</exception>
    /// <exception cref="InvalidOperationException">The step is running already, on another thread or around this call.</exception>
    public float Run(params MlxArray[] batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException("This training step is running already: one call at a time.");
        }

        try
        {
            using MlxScope scope = MlxScope.Begin();
            using KeySequence.Turn turn = _random.Begin();
            return Step(batch).Item<float>();
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    /// <summary>Model, optimizer, random numbers and accumulated gradients as they are now, also after further steps.</summary>
    public Tree CaptureState()
    {
        TreeDictionary state = new()
        {
            [ModelKey] = Model.CaptureState().Map(array => array.Share()), [OptimizerKey] = Optimizer.CaptureState(), [RandomKey] = _random.Capture(),
        };
        if (_accumulator.Count > 0)
        {
            state[SumKey] = _accumulator.Sum!.Map(array => array.Share());
            state[CountKey] = MlxArray.Scalar(_accumulator.Count);
        }

        return state;
    }

    /// <summary>Goes on from a state, also one that was loaded from a file. A state that does not fit changes nothing.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/> of this or an equal step.</param>
    /// <exception cref="ArgumentException">The tree is no dictionary.</exception>
    /// <exception cref="OptimizerStateException">The state does not fit; the exception lists every mismatch by path.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Restore(state as TreeDictionary ?? throw new ArgumentException($"The state of a training step is a dictionary, but this is {state.Description}.", nameof(state)), "the state");
    }

    /// <summary>Saves the whole training as a safetensors file, all of it or nothing.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <exception cref="IOException">The file cannot be written; a file that was there is as it was.</exception>
    public void Save(string path)
    {
        using MlxScope scope = MlxScope.Begin();
        ((TreeDictionary)CaptureState()).Save(path);
    }

    /// <summary>As <see cref="Save"/>, on a thread of the pool, everything as it is now: training may go on meanwhile.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="IOException">The file cannot be written; a file that was there is as it was.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public Task SaveAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        ((TreeDictionary)CaptureState()).SaveAsync(path, progress: progress, cancellationToken: cancellationToken);

    /// <summary>Continues a training that <see cref="Save"/> has written, bit for bit. A file that does not fit changes nothing.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <exception cref="OptimizerStateException">The file does not fit; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public void Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Restore(TreeDictionary.Load(Checkpoint.FileOf(path)), path);
    }

    /// <summary>As <see cref="Load"/>: the file is read on a thread of the pool, then the step takes what it holds.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads.</param>
    /// <param name="cancellationToken">Ends the loading; nothing changes.</param>
    /// <exception cref="OptimizerStateException">The file does not fit; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public async Task LoadAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Restore(await TreeDictionary.LoadAsync(Checkpoint.FileOf(path), progress, cancellationToken), path);
    }

    /// <summary>Frees the compiled graphs and the accumulated gradients; model and optimizer stay.</summary>
    public void Dispose()
    {
        (_differentiate.Target as IDisposable)?.Dispose();
        (_update.Target as IDisposable)?.Dispose();
        _accumulator.Reset();
    }

    private static MlxArray[] Arrays(MlxArray[] batch, int count) => batch.Length == count
        ? batch
        : throw new ArgumentException($"The loss takes {count} arrays, but the batch has {batch.Length}.", nameof(batch));

    private static TreeDictionary Part(TreeDictionary tree, params string[] keys) =>
        new(keys.Where(tree.ContainsKey).Select(key => KeyValuePair.Create(key, tree.Child(key)!)));

    private static KeySequence NewSequence(ulong? seed)
    {
        using MlxArray? drawn = seed is null ? Mx.Random.RandInt(0, int.MaxValue, []) : null;
        using MlxArray key = Mx.Random.Key(seed ?? (ulong)drawn!.Item<int>());
        return new KeySequence(key);
    }

    private void Restore(TreeDictionary state, string name)
    {
        Tree before = Model.CaptureState();
        List<string> mismatches = [.. Tree.Differences(
            new TreeDictionary { [ModelKey] = before, [RandomKey] = _random.Capture() }, Part(state, ModelKey, RandomKey))];

        // What was frozen when the state was captured, or is now, may have an optimizer's state or none.
        Checkpoint.Check(Optimizer, OptimizerKey, state.Child(OptimizerKey) ?? new TreeDictionary(), Model.Parameters(), mismatches);
        if (mismatches.Count > 0)
        {
            throw Checkpoint.Mismatch(name, mismatches);
        }

        // A file does not tell containers without arrays.
        Tree model = state[ModelKey];
        Model.RestoreState(Tree.MapWithPath((path, _) => model.Find(path).Array, before));
        try
        {
            Optimizer.RestoreState(state[OptimizerKey]);
        }
        catch
        {
            Model.RestoreState(before);
            throw;
        }

        _random.Restore(state[RandomKey].Array);
        _accumulator.Restore(
            state.Child(SumKey) as TreeDictionary, state.Child(CountKey) is TreeLeaf count ? count.Array.Item<int>() : 0);
    }

    private Func<T, TreeDictionary> Compile<T>(Func<T, TreeDictionary> function, IMlxState[] state) =>
        _options.Compiled ? Mx.Compile(function, state, state) : function;

    private MlxArray Step(MlxArray[] batch)
    {
        Tree before = Model.CaptureState();

        // Second handles: what is replaced is freed at once, but a failure puts it back.
        Tree model = before.Map(array => array.Share());
        TreeDictionary? sum = _accumulator.Sum?.Map(array => array.Share());
        int count = _accumulator.Count;
        MlxArray key = _random.Capture();
        MlxArray loss;
        try
        {
            loss = Train(batch);
        }
        catch
        {
            Model.RestoreState(model);
            _accumulator.Restore(sum, count);
            _random.Restore(key);
            FreeReplaced(before, Model.CaptureState());
            throw;
        }

        // MLX computes the new parameters in the memory of old ones that nobody holds.
        model.DisposeArrays();
        sum?.DisposeArrays();
        Tree after = Model.CaptureState();
        FreeReplaced(before, after);
        TreeList toEvaluate = new() { loss, after, Optimizer.State, _random.Capture() };
        if (_accumulator.Sum is { } next)
        {
            toEvaluate.Add(next);
        }

        Mx.Eval(toEvaluate);
        return loss;
    }

    private MlxArray Train(MlxArray[] batch)
    {
        TreeDictionary result = _differentiate(batch);
        TreeDictionary? gradients = (TreeDictionary)result["gradients"];
        if (_options.AccumulationSteps == 1 || _accumulator.Add(gradients, out gradients, starts: false))
        {
            _update(Average(gradients));
        }

        return Average(new TreeDictionary { ["loss"] = result["loss"] })["loss"].Array;
    }

    private TreeDictionary Average(TreeDictionary tree) => _options.Group is { } group ? Gradients.Average(tree, group) : tree;

    /// <summary>Frees the arrays that the model no longer has, such as statistics that the loss has renewed.</summary>
    private static void FreeReplaced(Tree before, Tree after)
    {
        HashSet<MlxArray> kept = new(after.Leaves, ReferenceEqualityComparer.Instance);
        foreach (MlxArray array in before.Leaves)
        {
            if (!kept.Contains(array))
            {
                array.Dispose();
            }
        }
    }
}
