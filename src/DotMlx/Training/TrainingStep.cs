using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Training;

/// <summary>
/// Runs training steps on a model. Each call computes the loss and gradients of a batch; averages, accumulates, and clips the gradients;
/// and updates the model and the optimizer. It evaluates everything once and frees the replaced arrays. Memory use stays constant without a
/// scope.
/// </summary>
/// <remarks>
/// The step uses the model in its current mode, so <c>Eval</c>, <c>Train</c>, <c>Freeze</c>, and <c>Unfreeze</c> take effect between steps.
/// Random numbers drawn elsewhere don't affect it, and a saved run resumes exactly where it stopped. Random numbers drawn elsewhere do not
/// affect it, and a saved run resumes exactly where it stopped. If a call throws, the model and the optimizer keep their previous state.
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

        // The step must own the parameters, so that MLX can reuse their memory for the new ones.
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

    /// <summary>The model. The step owns its arrays and frees them when it replaces them (<see cref="Module.OwnsArrays"/>).</summary>
    public Module Model { get; }

    /// <summary>The optimizer.</summary>
    public OptimizerBase Optimizer { get; }

    /// <summary>Creates a training step for a loss function of one array.</summary>
    /// <param name="model">The model whose trainable parameters are trained.</param>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="loss">The loss function. It uses the model and returns a scalar, the mean over the batch.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static TrainingStep Create(Module model, OptimizerBase optimizer, Func<MlxArray, MlxArray> loss,
        TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Create(model, optimizer, batch => loss(Arrays(batch, 1)[0]), options);
    }

    /// <summary>Creates a training step for a loss function of two arrays, such as inputs and targets.</summary>
    /// <inheritdoc cref="Create(Module, OptimizerBase, Func{MlxArray, MlxArray}, TrainingStepOptions)"/>
    public static TrainingStep Create(
        Module model, OptimizerBase optimizer, Func<MlxArray, MlxArray, MlxArray> loss, TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return Create(model, optimizer, batch => loss(Arrays(batch, 2)[0], batch[1]), options);
    }

    /// <summary>Creates a training step for a loss function of any number of arrays.</summary>
    /// <inheritdoc cref="Create(Module, OptimizerBase, Func{MlxArray, MlxArray}, TrainingStepOptions)"/>
    public static TrainingStep Create(Module model, OptimizerBase optimizer, Func<MlxArray[], MlxArray> loss,
        TrainingStepOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(loss);
        return new TrainingStep(model, optimizer, loss, options ?? new());
    }

    /// <summary>Runs one training step.</summary>
    /// <param name="batch">The arrays for the loss function, which the caller still owns.</param>
    /// <returns>The loss of the batch before the update. With a group, it is the mean over the processes.</returns>
    /// <exception cref="ArgumentException">The loss function expects a different number of arrays.</exception>
    /// <exception cref="InvalidOperationException">
    /// The step is already running, either on another thread or in an enclosing call.
    /// </exception>
    public float Run(params MlxArray[] batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Alone(() =>
        {
            using MlxScope scope = MlxScope.Begin();
            using KeySequence.ContextScope sequence = _random.Begin();
            return Step(batch).Item<float>();
        });
    }

    /// <summary>
    /// Captures the state of the model, the optimizer, the random sequence, and the accumulated gradients. Later steps don't change the
    /// result.
    /// </summary>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public Tree CaptureState() => Alone(() =>
    {
        TreeDictionary state = new()
        {
            [ModelKey] = Model.CaptureState().Map(array => array.Share()), [OptimizerKey] = Optimizer.CaptureState(),
            [RandomKey] = _random.Capture(),
        };
        if (_accumulator.Count > 0)
        {
            state[SumKey] = _accumulator.Sum!.Map(array => array.Share());
            state[CountKey] = MlxArray.Scalar(_accumulator.Count);
        }

        return state;
    });

    /// <summary>Restores a captured state, which may come from a file. A state that doesn't match changes nothing.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/> of this step or of an equivalent one.</param>
    /// <exception cref="ArgumentException">The tree isn't a dictionary.</exception>
    /// <exception cref="OptimizerStateException">The state doesn't match. The exception lists every mismatch by path.</exception>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        RestoreAlone(state as TreeDictionary
            ?? throw new ArgumentException($"The state of a training step is a dictionary, but this is {state.Description}.",
                nameof(state)), "the state");
    }

    /// <summary>Saves the state of the training step to a safetensors file. The file is written atomically.</summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <exception cref="IOException">The file can't be written. An existing file is unchanged.</exception>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public void Save(string path)
    {
        using MlxScope scope = MlxScope.Begin();
        ((TreeDictionary)CaptureState()).Save(path);
    }

    /// <summary>
    /// Runs <see cref="Save"/> on a thread-pool thread. The file holds the state at the time of the call, so training may continue
    /// in the meantime.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="progress">Receives progress reports on the saving thread.</param>
    /// <param name="cancellationToken">Cancels saving. The file can't be written.</param>
    /// <exception cref="IOException">The file cannot be written. An existing file is unchanged.</exception>
    /// <exception cref="OperationCanceledException">Saving was canceled.</exception>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public Task SaveAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        ((TreeDictionary)CaptureState()).SaveAsync(path, progress: progress, cancellationToken: cancellationToken);

    /// <summary>
    /// Loads a state from <see cref="Save"/>, so that training continues bit for bit. A file that doesn't match changes nothing.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <exception cref="OptimizerStateException">The file doesn't match. The exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file is corrupt.</exception>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public void Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RestoreAlone(TreeDictionary.Load(Checkpoint.FileOf(path)), path);
    }

    /// <summary>
    /// Runs <see cref="Load"/> with the file read on a thread-pool thread. The step changes only after the whole file has been read.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="progress">Receives progress reports on the loading thread.</param>
    /// <param name="cancellationToken">Cancels loading. Nothing changes.</param>
    /// <exception cref="OptimizerStateException">The file doesn't match. The exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">The file is corrupt.</exception>
    /// <exception cref="OperationCanceledException">Loading was canceled.</exception>
    /// <exception cref="InvalidOperationException">The step is running, on another thread or in an enclosing call.</exception>
    public async Task LoadAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RestoreAlone(await TreeDictionary.LoadAsync(Checkpoint.FileOf(path), progress, cancellationToken), path);
    }

    /// <summary>Frees the compiled graphs and the accumulated gradients. The model and the optimizer remain usable.</summary>
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

    private T Alone<T>(Func<T> action)
    {
        if (Interlocked.Exchange(ref _running, 1) != 0)
        {
            throw new InvalidOperationException(
                "This training step is already running. Make one call at a time. Capture, save, and restore its state between calls.");
        }

        try
        {
            return action();
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private void RestoreAlone(TreeDictionary state, string name) => Alone<object?>(() =>
    {
        Restore(state, name);
        return null;
    });

    private void Restore(TreeDictionary state, string name)
    {
        Tree before = Model.CaptureState();
        List<string> mismatches = [.. Tree.Differences(
            new TreeDictionary { [ModelKey] = before, [RandomKey] = _random.Capture() }, Part(state, ModelKey, RandomKey))];

        // Parameters that were frozen at capture time, or are frozen now, may or may not have optimizer state.
        Checkpoint.Check(Optimizer, OptimizerKey, state.Child(OptimizerKey) ?? new TreeDictionary(), Model.Parameters(), mismatches);
        if (mismatches.Count > 0)
        {
            throw Checkpoint.Mismatch(name, mismatches);
        }

        // A file does not distinguish between kinds of empty containers, so the structure comes from the model.
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

        // The shared handles let a failed step restore the model, while replaced arrays are freed immediately.
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

        // MLX reuses the memory of unreferenced old parameters for the new ones.
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

    /// <summary>Frees arrays that the model no longer holds, such as running statistics that the loss function has replaced.</summary>
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
