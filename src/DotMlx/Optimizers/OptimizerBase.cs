using DotMlx.NN;

namespace DotMlx.Optimizers;

/// <summary>
/// What all optimizers have in common: state, step, learning rate, updates of trees and models, checkpoints.
/// Derive from <see cref="Optimizer"/> to write one; <see cref="MultiOptimizer"/> combines several.
/// </summary>
/// <remarks>
/// An update happens whole or not at all: after an exception from anywhere (a check, a schedule, an update rule, the model), state,
/// step, learning rate and model are what they were. Nothing is computed until it is evaluated: call
/// <c>Mx.Eval(model.Parameters(), optimizer.State)</c> after an update. The arrays handed in are never changed, and state survives an
/// <see cref="MlxScope"/>. One thread updates at a time, and nothing that runs during an update may update the same optimizer: both get
/// <see cref="InvalidOperationException"/>. Other threads may save, evaluate and read the state meanwhile; they see the
/// state before or after the update.
/// </remarks>
public abstract class OptimizerBase : IMlxState
{
    // The managed id of the thread that updates, or 0.
    private int _updater;

    private protected OptimizerBase()
    {
    }

    /// <summary>
    /// The state dictionary, live. Assigning another one, such as a checkpoint, makes the next update check it, create what it lacks and
    /// keep what it has.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public abstract TreeDictionary State { get; set; }

    /// <summary>The number of updates so far: an unsigned 64-bit scalar.</summary>
    /// <exception cref="InvalidOperationException">The state that was assigned has no <c>step</c>.</exception>
    public abstract MlxArray Step { get; }

    /// <summary>
    /// The learning rate of the state. Setting it takes a scalar, such as <c>optimizer.LearningRate = 0.1</c>; whole numbers become
    /// 32-bit floats; a schedule overwrites it at the next update.
    /// </summary>
    /// <exception cref="InvalidOperationException">The optimizer has none, as <see cref="Adafactor"/> without one.</exception>
    /// <exception cref="ArgumentException">The value is not a scalar.</exception>
    public abstract MlxArray LearningRate { get; set; }

    /// <summary>Whether a schedule sets the learning rate before each update, so that a value set by hand lasts until then only.</summary>
    public abstract bool HasLearningRateSchedule { get; }

    /// <summary>
    /// Trains float16 and bfloat16 parameters with float32 masters (mixed precision): the update is computed in float32 on the master,
    /// an entry <c>master</c> of the parameter's state, and the parameter gets its rounded value. Updates too small for the few
    /// digits of the parameter are then not lost. Parameters of other dtypes are updated as ever.
    /// </summary>
    /// <remarks>
    /// A master is made from the parameter at its first update and is the truth from then on: after changing a parameter by
    /// other means, remove the entry or assign a new <see cref="State"/>.
    /// </remarks>
    /// <example><code>Optimizer optimizer = new AdamW(1e-3) { MasterWeights = true };</code></example>
    public abstract bool MasterWeights { get; set; }

    /// <summary>
    /// Updates all small parameters of one dtype together, as one flat array: much faster for models with many of them, and the same
    /// to the last bit. State, gradients and parameters are still one array per parameter, now views of the flat ones.
    /// Has no effect on optimizers whose rule is not element-wise (<see cref="Optimizer.IsElementwise"/>), on parameters with float32
    /// masters, and inside compiled functions, where fusion does better.
    /// </summary>
    public abstract bool GroupSmallParameters { get; set; }

    /// <summary>
    /// Creates the state of every parameter that has none. Not needed before <see cref="ApplyGradients"/>, which does it for the
    /// gradients it gets; useful to have the state before the first update.
    /// </summary>
    /// <param name="parameters">The parameters.</param>
    /// <exception cref="ArgumentException">
    /// A parameter has the name of an entry of the state, such as <c>step</c>, or an array has been disposed.
    /// </exception>
    /// <exception cref="InvalidOperationException">The state does not fit, or the optimizer is being updated.</exception>
    public void Init(TreeDictionary parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Enter(nameof(Init));
        try
        {
            Prepare(parameters).Commit();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Computes new parameters from gradients (Python's <c>apply_gradients</c>): renews scheduled hyper-parameters for the current
    /// step, counts the step, and updates every leaf that has a gradient. Leaves seen for the first time get their state.
    /// </summary>
    /// <param name="gradients">The gradients, which may leave out any part of the parameters.</param>
    /// <param name="parameters">The parameters; may have more leaves than <paramref name="gradients"/>.</param>
    /// <returns>
    /// The new parameters in the structure of <paramref name="gradients"/>, each in its parameter's dtype. What was passed in stays as it
    /// is.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The trees do not fit each other, a gradient has another shape than its parameter, or an array has been disposed; the message names
    /// the path.
    /// </exception>
    /// <exception cref="InvalidOperationException">The state does not fit the parameters, or the optimizer is being updated.</exception>
    public TreeDictionary ApplyGradients(TreeDictionary gradients, TreeDictionary parameters) => Apply(gradients, parameters, accept: null);

    /// <summary>
    /// Updates a model with gradients: <see cref="ApplyGradients"/> on its parameters, and the new ones put into the model. Evaluate
    /// afterwards: <c>Mx.Eval(model.Parameters(), optimizer.State)</c>.
    /// </summary>
    /// <param name="model">The model; only parameters that have a gradient change.</param>
    /// <param name="gradients">Gradients in the structure of the model's parameters, or a part of it.</param>
    /// <exception cref="ArgumentException">A gradient has no parameter, or another shape; the message names the path.</exception>
    /// <exception cref="InvalidOperationException">The state does not fit the parameters, or the optimizer is being updated.</exception>
    public void Update(Module model, TreeDictionary gradients)
    {
        ArgumentNullException.ThrowIfNull(model);
        _ = Apply(gradients, model.Parameters(), updated => model.Update(updated));
    }

    /// <summary>
    /// A compiled form of <see cref="ApplyGradients"/>: MLX fuses the arithmetic of each parameter into one kernel, several times faster
    /// for models with many small parameters. The first call for each structure and set of shapes traces; then state, step
    /// and schedules advance as ever. To compile a whole training step, pass the optimizer to <c>Mx.Compile</c> as input and output.
    /// </summary>
    /// <returns>A function of gradients and parameters that gives the new parameters.</returns>
    /// <remarks>Call <see cref="Init"/> first, or the second call traces again, because the first one creates the state.</remarks>
    public Func<TreeDictionary, TreeDictionary, TreeDictionary> Compile() =>
        Mx.Compile<TreeDictionary, TreeDictionary, TreeDictionary>(ApplyGradients, [this], [this]);

    /// <summary>
    /// Saves the state as a safetensors file with dotted names, all of it or nothing; Python reads it with
    /// <c>optimizer.state = tree_unflatten(list(mx.load(path).items()))</c>.
    /// </summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <exception cref="ArgumentException">An array cannot be saved.</exception>
    /// <exception cref="IOException">The file cannot be written; a file that was there is as it was.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Checkpoint.Save(this, (state, metadata) =>
        {
            state.Save(path, metadata);
            return true;
        });
    }

    /// <summary>As <see cref="Save"/>, on a thread of the pool, the state as it is now: training may go on meanwhile.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="ArgumentException">An array cannot be saved.</exception>
    /// <exception cref="IOException">The file cannot be written; a file that was there is as it was.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public Task SaveAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Checkpoint.Save(this, (state, metadata) => state.SaveAsync(path, metadata, progress, cancellationToken));
    }

    /// <summary>
    /// Restores a state that <see cref="Save"/> or Python has written; training then continues bit for bit. Everything is checked
    /// first: a file that does not fit leaves the optimizer as it was.
    /// </summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="parameters">
    /// The parameters that the optimizer is to train, usually <c>model.TrainableParameters()</c>, to check the file against.
    /// Without them it is checked against the state that the optimizer has, if it has one.
    /// </param>
    /// <param name="allowMissing">
    /// Accepts parameters that the file has nothing for, because they were frozen when it was written: they start anew.
    /// </param>
    /// <exception cref="OptimizerStateException">The file does not fit; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is broken, or holds 8-bit floating-point numbers, which MLX would take for bytes.
    /// </exception>
    /// <exception cref="InvalidOperationException">The optimizer is being updated.</exception>
    public void Load(string path, TreeDictionary? parameters = null, bool allowMissing = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Alone(nameof(Load), () => Checkpoint.Adopt(this, path, Mx.LoadSafetensors(Checkpoint.FileOf(path)), parameters, allowMissing));
    }

    /// <summary>As <see cref="Load"/>: the file is read on a thread of the pool, then the optimizer takes the state.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="parameters">As in <see cref="Load"/>.</param>
    /// <param name="allowMissing">As in <see cref="Load"/>.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads.</param>
    /// <param name="cancellationToken">Ends the loading; the optimizer stays as it was.</param>
    /// <exception cref="OptimizerStateException">The file does not fit; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">As of <see cref="Load"/>.</exception>
    /// <exception cref="InvalidOperationException">The optimizer is being updated when the file has been read.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
    public async Task LoadAsync(
        string path, TreeDictionary? parameters = null, bool allowMissing = false, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafetensorsFile file = await Mx.LoadSafetensorsAsync(Checkpoint.FileOf(path), progress, cancellationToken);
        try
        {
            Alone(nameof(LoadAsync), () => Checkpoint.Adopt(this, path, file, parameters, allowMissing));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Alone(string what, Action action)
    {
        Enter(what);
        try
        {
            action();
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public virtual Tree CaptureState() => State.Copy();

    /// <inheritdoc/>
    public abstract void RestoreState(Tree state);

    /// <summary>What a file's state must have been saved from.</summary>
    internal virtual string StateKind => GetType().Name;

    /// <summary>Computes an update aside: nothing changes before it is committed.</summary>
    internal abstract PendingUpdate Compute(TreeDictionary gradients, TreeDictionary parameters);

    /// <summary>Makes aside what parameters lack of the state.</summary>
    internal abstract PendingUpdate Prepare(TreeDictionary parameters);

    /// <summary>Lists what in a loaded state does not fit this optimizer.</summary>
    internal abstract void CheckState(string prefix, Tree loaded, TreeDictionary? parameters, bool allowMissing, Checkpoint file);

    /// <summary>Takes over a state that was checked; its arrays belong to this optimizer.</summary>
    internal abstract void AdoptState(TreeDictionary loaded);

    /// <summary>
    /// Lists the arrays of the state that nobody outside the library has seen: a compiled function, which replaces all, frees them at once.
    /// </summary>
    internal abstract void CollectPrivate(List<MlxArray> arrays);

    /// <summary>
    /// Restores a state of arrays that nobody else has: what <see cref="RestoreState"/> does not read stays the optimizer's own.
    /// </summary>
    internal abstract void RestoreOwnState(Tree state);

    /// <summary>The state at one moment, with arrays of its own, which the caller disposes.</summary>
    internal abstract TreeDictionary Snapshot();

    /// <summary>Keeps updates from being committed until <see cref="Unlock"/>.</summary>
    internal abstract void Lock();

    /// <summary>Ends <see cref="Lock"/>.</summary>
    internal abstract void Unlock();

    /// <summary>Begins what must happen alone.</summary>
    /// <exception cref="InvalidOperationException">The optimizer is being updated.</exception>
    internal virtual void Enter(string what)
    {
        int caller = Environment.CurrentManagedThreadId;
        int updater = Interlocked.CompareExchange(ref _updater, caller, 0);
        if (updater != 0)
        {
            throw new InvalidOperationException(updater == caller
                ? $"{GetType().Name}.{what} was called during an update of this optimizer, from a schedule, an update rule, a property or "
                + $"the model. Call it after the update."
                : $"{GetType().Name}.{what} was called while another thread updates this optimizer. Let one thread update at a time.");
        }
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    internal virtual void Leave() => Volatile.Write(ref _updater, 0);

    /// <summary>Whether the calling thread is inside an update.</summary>
    private protected bool IsUpdatingHere => Volatile.Read(ref _updater) == Environment.CurrentManagedThreadId;

    private TreeDictionary Apply(TreeDictionary gradients, TreeDictionary parameters, Action<TreeDictionary>? accept)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(parameters);
        Enter(nameof(ApplyGradients));
        try
        {
            PendingUpdate update = Compute(gradients, parameters);
            TreeDictionary updated = update.Parameters;
            try
            {
                accept?.Invoke(updated);
            }
            catch
            {
                update.Discard();
                throw;
            }

            update.Commit();
            return updated;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary><see cref="Lock"/> until disposed.</summary>
    internal readonly ref struct GateHold
    {
        private readonly OptimizerBase _optimizer;

        public GateHold(OptimizerBase optimizer)
        {
            _optimizer = optimizer;
            optimizer.Lock();
        }

        public void Dispose() => _optimizer.Unlock();
    }
}
