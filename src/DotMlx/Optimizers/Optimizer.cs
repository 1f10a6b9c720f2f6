using System.ComponentModel;

namespace DotMlx.Optimizers;

/// <summary>
/// An optimizer that updates each parameter by a rule (Python's <c>mlx.optimizers.Optimizer</c>). To write an optimizer, derive from this
/// class and define the state of a parameter (<see cref="InitSingle"/>) and the way a gradient changes the parameter (<see
/// cref="ApplySingle"/>). This class traverses the trees, creates state for leaves that have gradients, counts steps, and applies
/// schedules.
/// </summary>
/// <inheritdoc cref="OptimizerBase" path="/remarks"/>
public abstract partial class Optimizer : OptimizerBase
{
    internal const string StepKey = "step";
    internal const string LearningRateKey = "learning_rate";

    private readonly OrderedDictionary<string, Schedule> _schedules = new(StringComparer.Ordinal);

    // The names of the state entries that aren't parameters.
    private readonly HashSet<string> _entries = new(StringComparer.Ordinal) { StepKey, LearningRateKey };

    private readonly Optimizer[] _rules;
    private readonly Func<MlxArray> _rate;
    private TreeDictionary _state = new();

    // The managed ID of the thread that is updating, or 0.
    private int _updater;

    /// <summary>Creates an optimizer at step 0.</summary>
    /// <param name="schedulers">
    /// Hyperparameters that follow a schedule: before every update, the entry of <see cref="State"/> with each name is set to the value at
    /// the current step.
    /// </param>
    protected Optimizer(IReadOnlyDictionary<string, Schedule>? schedulers = null)
    {
        Pending = new TreeUpdate(this);
        _rules = [this];
        _rate = () => LearningRate;
        _state.Owner = Pending.Containers;
        foreach ((string name, Schedule schedule) in schedulers ?? new Dictionary<string, Schedule>())
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(schedulers));
            _schedules.Add(name, schedule ?? throw new ArgumentNullException(nameof(schedulers), $"The schedule of '{name}' is null."));
            _entries.Add(name);
        }

        using MlxArray step = MlxArray.Scalar(0UL);
        Store(StepKey, step);
    }

    /// <summary>
    /// The live state dictionary: <c>step</c> (an unsigned 64-bit scalar), <c>learning_rate</c>, and then one dictionary per parameter with
    /// its state, in the structure of the parameters. Other keys may be added and are kept. After another dictionary (such as a checkpoint)
    /// is assigned, the next update checks it, creates missing entries, and keeps the rest.
    /// </summary>
    /// <remarks>
    /// During an update, an update rule sees a dictionary with the step and the hyperparameters of this update. Entries that the rule
    /// stores at the top level become part of the state when the update is committed.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    /// <exception cref="InvalidOperationException">The state was assigned during an update.</exception>
    public override TreeDictionary State
    {
        get => IsUpdatingHere ? Pending.ShownState(_state) : _state;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            using Exclusion alone = Exclude();
            value.Owner = Pending.Containers;
            _state = value;
        }
    }

    /// <inheritdoc/>
    public override MlxArray Step => Hyperparameter(StepKey);

    /// <inheritdoc/>
    public override MlxArray LearningRate
    {
        get => Hyperparameter(LearningRateKey);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.NDim != 0)
            {
                throw new ArgumentException($"A learning rate is a scalar, but this is {TreePaths.Describe(value)}. Reshape it to [].",
                    nameof(value));
            }

            if (IsUpdatingHere)
            {
                throw new InvalidOperationException("The learning rate cannot be set during an update of its optimizer. Use a schedule.");
            }

            StoreRate(value);
        }
    }

    /// <inheritdoc/>
    public override bool HasLearningRateSchedule => _schedules.ContainsKey(LearningRateKey);

    /// <inheritdoc/>
    public override bool MasterWeights { get; set; }

    /// <inheritdoc/>
    public override bool GroupSmallParameters { get; set; }

    /// <summary>
    /// Whether the update rule is element-wise: each element of the new parameter and of every state entry depends only on the same element
    /// of the gradient, the parameter, and the state, and on scalars. <see cref="OptimizerBase.GroupSmallParameters"/> may then pass
    /// several parameters to <see cref="ApplySingle"/> as one flat array. A class that derives from an element-wise optimizer and adds
    /// another computation, such as a norm, must override this with false.
    /// </summary>
    protected virtual bool IsElementwise => false;

    /// <summary>
    /// Adds the initial state of one parameter to <paramref name="state"/>, which is empty. It is called for every parameter without state,
    /// and to check a state that was assigned or loaded.
    /// </summary>
    /// <param name="parameter">The parameter, or its first gradient, which has the same shape and the dtype of the state.</param>
    /// <param name="state">The parameter's own dictionary, valid during the call.</param>
    protected abstract void InitSingle(MlxArray parameter, TreeDictionary state);

    /// <summary>
    /// Computes the new value of one parameter and updates its state. <see cref="Step"/> already counts this update. When the rule returns,
    /// the arrays that it created or read from <paramref name="state"/> are freed, except those that it returns or stores in the state. To
    /// keep other arrays, use <see cref="MlxScope.Detach"/>.
    /// </summary>
    /// <param name="gradient">
    /// The gradient, with the parameter's shape; float32 if the parameter is float16 or has a float32 master.
    /// </param>
    /// <param name="parameter">
    /// The current parameter, which must not be changed; float32 if the parameter is float16 or has a float32 master.
    /// </param>
    /// <param name="state">The parameter's own dictionary, valid during the call.</param>
    /// <returns>The new parameter, with the same shape; it is converted to the parameter's dtype.</returns>
    protected abstract MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state);

    /// <summary>
    /// Adds a hyperparameter with a fixed value to <see cref="State"/>. <see cref="ApplySingle"/> reads it with <see
    /// cref="Hyperparameter"/>.
    /// </summary>
    /// <param name="name">The key.</param>
    /// <param name="value">The value, stored as a 32-bit float.</param>
    /// <exception cref="InvalidOperationException">The method was called during an update.</exception>
    protected void SetHyperparameter(string name, double value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using Exclusion alone = Exclude();
        _schedules.Remove(name);
        _entries.Add(name);
        Store(name, value);
    }

    /// <summary>Adds a hyperparameter to <see cref="State"/> with a schedule that sets its value before every update.</summary>
    /// <param name="name">The key.</param>
    /// <param name="schedule">Called immediately for step 0, and then before every update; it must return a scalar.</param>
    /// <exception cref="InvalidOperationException">
    /// The method was called during an update, or the schedule didn't return a scalar.
    /// </exception>
    protected void SetHyperparameter(string name, Schedule schedule)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(schedule);
        using Exclusion alone = Exclude();
        MlxArray value = Scheduled(name, schedule);
        _entries.Add(name);
        _schedules[name] = schedule;
        Put(_state, name, value);
    }

    /// <summary>The former name of <see cref="SetHyperparameter(string, double)"/>.</summary>
    /// <param name="name">The key.</param>
    /// <param name="value">The value, stored as a 32-bit float.</param>
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("Renamed to SetHyperparameter.")]
    protected void MaybeSchedule(string name, double value) => SetHyperparameter(name, value);

    /// <summary>The former name of <see cref="SetHyperparameter(string, Schedule)"/>.</summary>
    /// <param name="name">The key.</param>
    /// <param name="schedule">Called immediately for step 0, and then before every update.</param>
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("Renamed to SetHyperparameter.")]
    protected void MaybeSchedule(string name, Schedule schedule) => SetHyperparameter(name, schedule);

    /// <summary>Returns a hyperparameter for the current update, as a scalar.</summary>
    /// <param name="name">The key that was passed to <see cref="SetHyperparameter(string, double)"/>.</param>
    /// <exception cref="InvalidOperationException">The state has no such entry, or the entry isn't a scalar.</exception>
    protected MlxArray Hyperparameter(string name)
    {
        if (IsUpdatingHere && Pending.Scalar(name) is { } renewed)
        {
            return renewed;
        }

        using TreeHold hold = _state.Hold();
        CheckScalar(name);
        return _state[name].Array;
    }

    /// <summary>Returns the learning rate in the dtype of a gradient, so that it doesn't promote the gradient.</summary>
    /// <param name="gradient">The array with which the rate is used.</param>
    protected MlxArray Rate(MlxArray gradient) => OncePerDType(LearningRateKey, gradient, _rate);

    /// <summary>
    /// Returns a quantity that is the same for all parameters of one dtype, such as a bias correction. It is computed on its first use in
    /// an update, converted to the dtype, and shared by the rest of the update.
    /// </summary>
    /// <param name="name">A name that is unique among the quantities of this optimizer.</param>
    /// <param name="like">An array with the dtype of the result, such as the gradient.</param>
    /// <param name="compute">Computes the quantity; it must not depend on the current parameter.</param>
    protected MlxArray OncePerDType(string name, MlxArray like, Func<MlxArray> compute)
    {
        ArgumentNullException.ThrowIfNull(like);
        ArgumentNullException.ThrowIfNull(compute);
        return Pending.Once(name, like.DType, compute);
    }

    /// <summary>Creates state entries of zeros with the parameter's shape.</summary>
    private protected static void Zeros(MlxArray parameter, TreeDictionary state, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            state[name] = Mx.ZerosLike(parameter);
        }
    }

    /// <summary>The update that is being computed.</summary>
    internal TreeUpdate Pending { get; }

    /// <summary>The names of the state entries that are hyperparameters or the step.</summary>
    internal IReadOnlySet<string> EntryNames => _entries;

    internal bool HasElementwiseRule => IsElementwise;

    /// <summary>Whether the calling thread is inside an update.</summary>
    internal bool IsUpdatingHere => Volatile.Read(ref _updater) == Environment.CurrentManagedThreadId;

    internal override IReadOnlyList<Optimizer> Rules => _rules;

    internal bool TryEnter() => Interlocked.CompareExchange(ref _updater, Environment.CurrentManagedThreadId, 0) == 0;

    internal void Leave() => Volatile.Write(ref _updater, 0);

    internal override TreeDictionary Compute(TreeDictionary gradients, TreeDictionary parameters)
    {
        Pending.Begin(_state);
        foreach ((string name, Schedule schedule) in _schedules)
        {
            Pending.SetScalar(name, Scheduled(name, schedule));
        }

        CheckScalars();
        Pending.SetScalar(StepKey, NextStep());
        return Pending.Compute(gradients, parameters);
    }

    internal override void Prepare(TreeDictionary parameters)
    {
        Pending.Begin(_state);
        Pending.Prepare(parameters);
    }

    /// <summary>Returns a state with the shapes that the parameters' state would have after an update; it is never evaluated.</summary>
    internal TreeDictionary InitialState(TreeDictionary parameters)
    {
        TreeDictionary state = new();
        TreeUpdate update = new(this);
        update.Begin(state);
        update.Prepare(parameters, masters: MasterWeights);
        update.Commit();
        return state;
    }

    internal void CallInit(MlxArray parameter, TreeDictionary state) => InitSingle(parameter, state);

    internal MlxArray? CallRule(MlxArray gradient, MlxArray parameter, TreeDictionary state) => ApplySingle(gradient, parameter, state);
}
