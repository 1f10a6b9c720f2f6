using System.Runtime.CompilerServices;
using DotMlx.NN;

namespace DotMlx.Optimizers;

/// <summary>
/// The base of all optimizers: state, step, learning rate, updates of trees and models, and checkpoints. To write an optimizer, derive from
/// <see cref="Optimizer"/>; to combine several, use <see cref="MultiOptimizer"/>.
/// </summary>
/// <remarks>
/// An update is atomic: after an exception from a check, a schedule, an update rule, or the model, the state, the step, the learning rate,
/// and the model are unchanged. Updates are lazy: call <c>Mx.Eval(model.Parameters(), optimizer.State)</c> after an update. The arrays that
/// are passed in never change, and the state outlives an <see cref="MlxScope"/>. Only one thread may update at a time, and code that runs
/// during an update must not update the same optimizer; both throw <see cref="InvalidOperationException"/>. Other threads may save,
/// evaluate, and read the state in the meantime; they see the state before or after the update.
/// </remarks>
public abstract class OptimizerBase : IMlxState
{
    private bool _adopts;

    private protected OptimizerBase()
    {
    }

    /// <summary>
    /// The live state dictionary. After another dictionary (such as a checkpoint) is assigned, the next update checks it, creates missing
    /// entries, and keeps the rest.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public abstract TreeDictionary State { get; set; }

    /// <summary>The number of updates so far: an unsigned 64-bit scalar.</summary>
    /// <exception cref="InvalidOperationException">The assigned state has no <c>step</c>.</exception>
    public abstract MlxArray Step { get; }

    /// <summary>
    /// The learning rate in the state. Set it to a scalar, for example <c>optimizer.LearningRate = 0.1</c>; integers become 32-bit floats.
    /// If there is a schedule, it overwrites the value at the next update.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The optimizer has no learning rate, such as an <see cref="Adafactor"/> without one.
    /// </exception>
    /// <exception cref="ArgumentException">The value isn't a scalar.</exception>
    public abstract MlxArray LearningRate { get; set; }

    /// <summary>Whether a schedule sets the learning rate before each update, so that a value that you set lasts only until then.</summary>
    public abstract bool HasLearningRateSchedule { get; }

    /// <summary>
    /// Whether to train float16 and bfloat16 parameters with float32 masters (mixed precision). The update is computed in float32 on the
    /// master, which is the entry <c>master</c> of the parameter's state, and the parameter gets the rounded value. Updates that are too
    /// small for the parameter's precision are then not lost. Parameters of other dtypes are updated as usual.
    /// </summary>
    /// <remarks>
    /// The first update of a parameter creates its master from the parameter; from then on, the master is authoritative. After you change a
    /// parameter by other means, remove the entry or assign a new <see cref="State"/>.
    /// </remarks>
    /// <example><code>Optimizer optimizer = new AdamW(1e-3) { MasterWeights = true };</code></example>
    public abstract bool MasterWeights { get; set; }

    /// <summary>
    /// Whether to update all small parameters of one dtype together, as one flat array. This is much faster for models with many small
    /// parameters, and the results are identical bit for bit. State, gradients, and parameters remain one array per parameter, as views of
    /// the flat arrays. The setting has no effect on optimizers whose rule isn't element-wise (<see cref="Optimizer.IsElementwise"/>), on
    /// parameters with float32 masters, or inside compiled functions, where fusion is faster.
    /// </summary>
    public abstract bool GroupSmallParameters { get; set; }

    /// <summary>
    /// Creates the state of every parameter that has none. It isn't required before <see cref="ApplyGradients"/>, which does the same for
    /// the gradients that it receives, but it makes the state available before the first update.
    /// </summary>
    /// <param name="parameters">The parameters.</param>
    /// <exception cref="ArgumentException">
    /// A parameter has the name of a state entry, such as <c>step</c>, or an array has been disposed.
    /// </exception>
    /// <exception cref="InvalidOperationException">The state doesn't match, or the optimizer is being updated.</exception>
    public void Init(TreeDictionary parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Change(() => Prepare(parameters));
    }

    /// <summary>
    /// Computes new parameters from gradients (Python's <c>apply_gradients</c>): sets scheduled hyperparameters for the current step,
    /// counts the step, and updates every leaf that has a gradient. A new leaf gets its initial state.
    /// </summary>
    /// <param name="gradients">The gradients, which may omit any part of the parameters.</param>
    /// <param name="parameters">The parameters, which may have more leaves than <paramref name="gradients"/>.</param>
    /// <returns>
    /// The new parameters in the structure of <paramref name="gradients"/>, each in its parameter's dtype. The arguments don't change.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The trees don't match, a gradient and its parameter have different shapes, or an array has been disposed. The message names the
    /// path.
    /// </exception>
    /// <exception cref="InvalidOperationException">The state doesn't match the parameters, or the optimizer is being updated.</exception>
    public TreeDictionary ApplyGradients(TreeDictionary gradients, TreeDictionary parameters) => Apply(gradients, parameters, accept: null);

    /// <summary>
    /// Updates a model with gradients: runs <see cref="ApplyGradients"/> on the model's parameters and puts the new parameters into the
    /// model. Evaluate afterward: <c>Mx.Eval(model.Parameters(), optimizer.State)</c>.
    /// </summary>
    /// <param name="model">The model; only parameters that have a gradient change.</param>
    /// <param name="gradients">Gradients in the structure of the model's parameters, or in a part of it.</param>
    /// <exception cref="ArgumentException">A gradient has no parameter, or its shape differs; the message names the path.</exception>
    /// <exception cref="InvalidOperationException">The state doesn't match the parameters, or the optimizer is being updated.</exception>
    public void Update(Module model, TreeDictionary gradients)
    {
        ArgumentNullException.ThrowIfNull(model);
        _ = Apply(gradients, model.Parameters(), updated => model.Update(updated));
    }

    /// <summary>
    /// Creates a compiled form of <see cref="ApplyGradients"/>. MLX fuses the arithmetic of each parameter into one kernel, which is
    /// several times faster for models with many small parameters. The first call for each structure and set of shapes traces the update;
    /// after that, state, step, and schedules advance as usual. To compile a whole training step, pass the optimizer to <c>Mx.Compile</c>
    /// as input and output.
    /// </summary>
    /// <returns>A function of gradients and parameters that returns the new parameters.</returns>
    /// <remarks>Call <see cref="Init"/> first; otherwise, the first call creates the state, and the second call traces again.</remarks>
    public Func<TreeDictionary, TreeDictionary, TreeDictionary> Compile() =>
        Mx.Compile<TreeDictionary, TreeDictionary, TreeDictionary>(ApplyGradients, [this], [this]);

    /// <summary>
    /// Saves the state to a safetensors file with dotted names. The file is written atomically. Python reads the file with
    /// <c>optimizer.state = tree_unflatten(list(mx.load(path).items()))</c>.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <exception cref="ArgumentException">An array can't be saved.</exception>
    /// <exception cref="IOException">The file can't be written. An existing file is unchanged.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Checkpoint.Save(this, (state, metadata) =>
        {
            state.Save(path, metadata);
            return true;
        });
    }

    /// <summary>Runs <see cref="Save"/> on a thread-pool thread with the current state, so training may continue in the meantime.</summary>
    /// <inheritdoc cref="Save" path="/exception"/>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="progress">Receives progress reports on the saving thread.</param>
    /// <param name="cancellationToken">Cancels saving. An existing file is unchanged.</param>
    /// <exception cref="OperationCanceledException">Saving was canceled.</exception>
    public Task SaveAsync(string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Checkpoint.Save(this, (state, metadata) => state.SaveAsync(path, metadata, progress, cancellationToken));
    }

    /// <summary>
    /// Restores a state that <see cref="Save"/> or Python has written, so that training continues bit for bit. The whole file is checked
    /// first: if it doesn't match, the optimizer is unchanged.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="parameters">
    /// The parameters to train, usually <c>model.TrainableParameters()</c>, against which the file is checked. If null, the file is checked
    /// against the optimizer's current state, if there is one.
    /// </param>
    /// <param name="allowMissing">
    /// Whether to accept parameters that are missing in the file because they were frozen when it was written; their state starts from
    /// scratch.
    /// </param>
    /// <exception cref="OptimizerStateException">The file doesn't match; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is corrupt, or it contains 8-bit floating-point numbers, which MLX would read as bytes.
    /// </exception>
    /// <exception cref="InvalidOperationException">The optimizer is being updated.</exception>
    public void Load(string path, TreeDictionary? parameters = null, bool allowMissing = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using Exclusion alone = Exclude();
        Checkpoint.Adopt(this, path, Mx.LoadSafetensors(Checkpoint.FileOf(path)), parameters, allowMissing);
    }

    /// <summary>Reads the file on a thread-pool thread and then restores the state like <see cref="Load"/>.</summary>
    /// <inheritdoc cref="Load" path="/exception"/>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="parameters">See <see cref="Load"/>.</param>
    /// <param name="allowMissing">See <see cref="Load"/>.</param>
    /// <param name="progress">Receives progress reports on the loading thread.</param>
    /// <param name="cancellationToken">Cancels loading; the optimizer is unchanged.</param>
    /// <exception cref="OperationCanceledException">Loading was canceled.</exception>
    public async Task LoadAsync(
        string path, TreeDictionary? parameters = null, bool allowMissing = false, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafetensorsFile file = await Mx.LoadSafetensorsAsync(Checkpoint.FileOf(path), progress, cancellationToken);
        try
        {
            using Exclusion alone = Exclude();
            Checkpoint.Adopt(this, path, file, parameters, allowMissing);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public virtual Tree CaptureState() => State.Copy();

    /// <inheritdoc/>
    public virtual void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using Exclusion alone = Exclude();
        Replace(state, _adopts);
    }

    /// <summary>The optimizers that update leaves: this one, or the members at every level.</summary>
    internal abstract IReadOnlyList<Optimizer> Rules { get; }

    /// <summary>The kind of state, which must be equal for a file to match this optimizer.</summary>
    internal virtual string StateKind => GetType().Name;

    /// <summary>Computes an update, which is then committed or discarded.</summary>
    internal abstract TreeDictionary Compute(TreeDictionary gradients, TreeDictionary parameters);

    /// <summary>Creates missing state of parameters, which is then committed or discarded.</summary>
    internal abstract void Prepare(TreeDictionary parameters);

    /// <summary>Records the mismatches between a loaded state and this optimizer.</summary>
    internal abstract void CheckState(string prefix, Tree loaded, TreeDictionary? parameters, bool allowMissing, Checkpoint file);

    /// <summary>Replaces the entries of the state; <paramref name="adopts"/> tells whether the arrays then belong to this optimizer.</summary>
    internal abstract void Replace(Tree state, bool adopts);

    /// <summary>Returns a copy of the state with separate arrays, which the caller disposes. The caller holds the state.</summary>
    internal abstract TreeDictionary Snapshot();

    /// <summary>Restores a state whose arrays no other code holds: the arrays stay private to the optimizer.</summary>
    internal void RestoreOwnState(Tree state)
    {
        state.Reclaim();
        _adopts = true;
        try
        {
            RestoreState(state);
        }
        finally
        {
            _adopts = false;
        }
    }

    /// <summary>Runs an action during which no update is committed.</summary>
    internal void WhileHeld(Action action)
    {
        ForEachRule(rule => Monitor.Enter(rule.Pending.Gate));
        try
        {
            action();
        }
        finally
        {
            ForEachRule(rule => Monitor.Exit(rule.Pending.Gate));
        }
    }

    /// <summary>Excludes updates and other such operations until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">The optimizer is being updated.</exception>
    private protected Exclusion Exclude([CallerMemberName] string what = "")
    {
        IReadOnlyList<Optimizer> rules = Rules;
        for (int i = 0; i < rules.Count; i++)
        {
            if (!rules[i].TryEnter())
            {
                bool inside = rules[i].IsUpdatingHere;
                new Exclusion(rules, i).Dispose();
                throw new InvalidOperationException(inside
                    ? $"{GetType().Name}.{what} was called during an update of this optimizer, from a schedule, an update rule, a property, "
                    + $"or the model. Call it after the update."
                    : $"{GetType().Name}.{what} was called while another thread updates this optimizer. Let one thread update at a time.");
            }
        }

        return new Exclusion(rules, rules.Count);
    }

    private TreeDictionary Apply(TreeDictionary gradients, TreeDictionary parameters, Action<TreeDictionary>? accept)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        ArgumentNullException.ThrowIfNull(parameters);
        TreeDictionary updated = new();
        Change(Run, nameof(ApplyGradients));
        return updated;

        void Run()
        {
            updated = Compute(gradients, parameters);
            accept?.Invoke(updated);
        }
    }

    /// <summary>Computes a change of all rules and commits it; after an exception, it discards the change.</summary>
    private void Change(Action compute, [CallerMemberName] string what = "")
    {
        using Exclusion alone = Exclude(what);
        try
        {
            compute();
        }
        catch
        {
            ForEachRule(rule => rule.Pending.Discard());
            throw;
        }

        WhileHeld(() => ForEachRule(rule => rule.Pending.Commit()));
    }

    private void ForEachRule(Action<Optimizer> action)
    {
        foreach (Optimizer rule in Rules)
        {
            action(rule);
        }
    }

    /// <summary>Excludes updates and other such operations until disposed.</summary>
    private protected readonly ref struct Exclusion(IReadOnlyList<Optimizer> rules, int count)
    {
        public void Dispose()
        {
            for (int i = 0; i < count; i++)
            {
                rules[i].Leave();
            }
        }
    }
}
