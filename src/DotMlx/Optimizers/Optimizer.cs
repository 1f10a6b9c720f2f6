using System.Diagnostics.CodeAnalysis;
using DotMlx.Bindings;

namespace DotMlx.Optimizers;

/// <summary>
/// The base of all optimizers (Python's <c>mlx.optimizers.Optimizer</c>). To make one, derive from it and say what state a
/// parameter has (<see cref="InitSingle"/>) and how a gradient changes it (<see cref="ApplySingle"/>); walking the trees,
/// creating state for the leaves that get gradients, counting steps and applying schedules happen here.
/// </summary>
/// <remarks>
/// Nothing is computed until it is evaluated: call <c>Mx.Eval(model.Parameters(), optimizer.State)</c> after an update.
/// The arrays handed in are never changed. State survives an <see cref="MlxScope"/>. An optimizer is not for several
/// threads at once.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "The two graphs are emptied after every update and own nothing in between.")]
public abstract partial class Optimizer : IMlxState
{
    internal const string StepKey = "step";
    internal const string LearningRateKey = "learning_rate";

    private static readonly Constant One = new(1L);

    private readonly OrderedDictionary<string, Schedule> _schedules = new(StringComparer.Ordinal);
    private readonly List<PerType> _perType = [];

    // The names in the state that are not parameters.
    private readonly HashSet<string> _entries = new(StringComparer.Ordinal) { StepKey, LearningRateKey };

    // For what lives as long as one update, and for what lives as long as one parameter's part of it.
    private readonly Arithmetic _shared = new();
    private readonly Arithmetic _leaf = new();
    private readonly PerType _learningRate;

    private TreeDictionary _state = new();
    private bool _initialized;
    private bool _building;

    /// <summary>Starts at step 0.</summary>
    /// <param name="schedulers">
    /// Hyper-parameters that follow a schedule: before every update the entry of <see cref="State"/> under each name becomes
    /// the value at the current step.
    /// </param>
    protected Optimizer(IReadOnlyDictionary<string, Schedule>? schedulers = null)
    {
        foreach ((string name, Schedule schedule) in schedulers ?? new Dictionary<string, Schedule>())
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(schedulers));
            _schedules.Add(name, schedule ?? throw new ArgumentNullException(nameof(schedulers), $"The schedule of '{name}' is null."));
            _entries.Add(name);
        }

        _learningRate = OncePerType((x, dtype) => x.Use(StateArray(LearningRateKey)).AsType(dtype));
        _state.Add(StepKey, TreeLeaf.Private(MakeStep(0)));
    }

    /// <summary>
    /// The state dictionary, live: <c>step</c> (an unsigned 64-bit scalar), <c>learning_rate</c>, and then, in the structure of the
    /// parameters, one dictionary per parameter with what the optimizer remembers of it. Other keys may be added and stay.
    /// Assigning another one (a checkpoint) makes the next update create what it lacks and keep what it has.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public virtual TreeDictionary State
    {
        get => _state;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _state = value;
            _initialized = false;
        }
    }

    /// <summary>The number of updates so far: an unsigned 64-bit scalar.</summary>
    /// <exception cref="InvalidOperationException">The state that was assigned has no <c>step</c>.</exception>
    public virtual MlxArray Step => ShownStateArray(StepKey);

    /// <summary>
    /// The learning rate of the state. Setting it takes a scalar, such as <c>optimizer.LearningRate = 0.1f</c>, whole numbers become
    /// 32-bit floats; a schedule overwrites it at the next update.
    /// </summary>
    /// <exception cref="InvalidOperationException">The optimizer has none, as <see cref="Adafactor"/> without one.</exception>
    public virtual MlxArray LearningRate
    {
        get => ShownStateArray(LearningRateKey);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            using MlxArray? converted = value.DType.IsInexact() ? null : value.AsType(DType.Float32);
            StoreCopy(LearningRateKey, converted ?? value);
        }
    }

    /// <inheritdoc/>
    public virtual Tree CaptureState() => State.Copy();

    /// <inheritdoc/>
    public virtual void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state is not TreeDictionary dictionary)
        {
            throw new ArgumentException($"The state of an optimizer is a dictionary, but this is {state.Description}.", nameof(state));
        }

        _state.Assign(dictionary);

        // A compiled step hands in arrays of the scope around it, but the state outlives the step.
        if (MlxScope.AnyActive)
        {
            List<MlxArray> leaves = [];
            _state.CollectLeaves(leaves, shown: false);
            leaves.ForEach(MlxScope.Detach);
        }
    }

    /// <summary>
    /// Puts the initial state of one parameter into <paramref name="state"/>, which is empty. Called once for every parameter.
    /// </summary>
    /// <param name="parameter">The parameter, or its first gradient: same shape, and the dtype the state should have.</param>
    /// <param name="state">The parameter's own dictionary.</param>
    protected abstract void InitSingle(MlxArray parameter, TreeDictionary state);

    /// <summary>Computes the new value of one parameter and updates its state. <see cref="Step"/> already counts this update.</summary>
    /// <param name="gradient">The gradient, of the parameter's shape.</param>
    /// <param name="parameter">The parameter as it is; it must stay unchanged.</param>
    /// <param name="state">The parameter's own dictionary.</param>
    /// <returns>The new parameter.</returns>
    protected abstract MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state);

    /// <summary>
    /// Gives a hyper-parameter its entry in <see cref="State"/>, from where <see cref="ApplySingle"/> reads it: the number itself.
    /// </summary>
    /// <param name="name">The key.</param>
    /// <param name="value">The value, stored as a 32-bit float.</param>
    protected void MaybeSchedule(string name, float value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _entries.Add(name);
        StoreCopy(name, value);
    }

    /// <summary>Gives a hyper-parameter its entry in <see cref="State"/> and a schedule that renews it before every update.</summary>
    /// <param name="name">The key.</param>
    /// <param name="schedule">Called at once for step 0, and then before every update.</param>
    protected void MaybeSchedule(string name, Schedule schedule)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(schedule);
        _entries.Add(name);
        _schedules[name] = schedule;
        try
        {
            Renew(name, schedule);
        }
        finally
        {
            _shared.Dispose();
        }
    }

    /// <summary>Declares a quantity that is the same for every parameter of one dtype.</summary>
    private protected PerType OncePerType(Func<Arithmetic, DType, Value> build)
    {
        PerType quantity = new(build);
        _perType.Add(quantity);
        return quantity;
    }

    /// <summary>The graph of the parameter at hand.</summary>
    private protected Arithmetic Graph => _leaf;

    private protected Value Get(PerType quantity, DType dtype)
    {
        if (!quantity.TryGet(dtype, out Value scalar))
        {
            bool nested = _building;
            _building = true;
            try
            {
                scalar = quantity.Get(_shared, dtype);
            }
            finally
            {
                _building = nested;
            }
        }

        // What such quantities are built of must live as long as they do, and stay scalars.
        return _building ? scalar : new Value(_leaf.Scalars?.Get(quantity, dtype, scalar.Handle) ?? scalar.Handle, _leaf);
    }

    /// <summary>
    /// Lists the arrays of the state that nobody outside the library has seen: a compiled function, which replaces all, frees them at
    /// once. None for classes from elsewhere, which may keep what they are given.
    /// </summary>
    internal virtual void CollectPrivate(List<MlxArray> arrays)
    {
        if (IsOfTheLibrary)
        {
            _state.CollectPrivate(arrays);
        }
    }

    /// <summary>The state has just been restored from arrays that nobody else has, unless a class from elsewhere kept them.</summary>
    internal virtual void ReclaimState()
    {
        if (IsOfTheLibrary)
        {
            _state.Reclaim();
        }
    }

    /// <summary>Whether no code from elsewhere takes part in what this does.</summary>
    private bool IsOfTheLibrary => GetType().Assembly == typeof(Optimizer).Assembly;

    /// <summary>The learning rate in the dtype of a gradient.</summary>
    private protected Value LearningRateAs(DType dtype) => Get(_learningRate, dtype);

    /// <summary>The step, which counts the update at hand.</summary>
    private protected Value StepIn(Arithmetic x) => x.Use(StateArray(StepKey));

    /// <summary>An entry of a parameter's state.</summary>
    private protected Value Read(TreeDictionary state, string key) =>
        state.Get(key) is TreeLeaf { Peek: var array } ? _leaf.Use(array) : throw NoEntry(state, key);

    /// <summary>Replaces an entry of a parameter's state; values read from the entry before must not be used any more.</summary>
    private protected void Write(TreeDictionary state, string key, Value value) => Write(state, key, value, _leaf);

    internal static void Write(TreeDictionary state, string key, Value value, Arithmetic x)
    {
        mlx_array handle = x.Take(value);

        // What nobody has seen may change in place; what somebody may hold stays valid and is left to its holder.
        if (state.Get(key) is TreeLeaf { IsPrivate: true, IsView: false } leaf)
        {
            x.TakeOver(leaf.Peek.ExchangeHandle(handle));
        }
        else
        {
            state[key] = TreeLeaf.Private(MlxArray.CreateUnscoped(handle));
        }
    }

    private static unsafe MlxArray MakeStep(ulong step)
    {
        int unused = 0;
        mlx_array handle = Mlxc.mlx_array_new_data(&step, &unused, 0, mlx_dtype.MLX_UINT64);
        return handle.ctx != null ? MlxArray.CreateUnscoped(handle) : throw MlxError.Fail("mlx_array_new_data");
    }

    private void StoreCopy(string key, MlxArray value)
    {
        using Arithmetic x = new();
        Write(_state, key, x.Copy(value), x);
    }

    private MlxArray StateArray(string key) => _state.Get(key) switch
    {
        TreeLeaf leaf => leaf.Peek,
        null => throw new InvalidOperationException(
            $"The state of {GetType().Name} has no '{key}': it is {_state.Description}. "
            + (key == LearningRateKey ? "Set LearningRate, or pass a learning rate to the constructor." : "Was another optimizer's state assigned?")),
        Tree other => throw new InvalidOperationException(
            $"'{key}' in the state of {GetType().Name} is {other.Description}, not a scalar: a parameter cannot have this name."),
    };

    private MlxArray ShownStateArray(string key)
    {
        StateArray(key);
        return _state[key].Array;
    }

    private InvalidOperationException NoEntry(TreeDictionary state, string key) =>
        new($"The state of '{TreePaths.Find(_state, state)}' is {state.Description}, but {GetType().Name} needs '{key}'. "
            + "It seems to be another optimizer's: assign a state that fits, or remove this entry to start anew.");

    private void Renew(string name, Schedule schedule)
    {
        if (schedule.Target is ScheduleFunction function)
        {
            Write(_state, name, function.Build(_shared, StepIn(_shared)), _shared);
            return;
        }

        // Foreign code may keep the step it gets and return an array it keeps, so neither is ours to free.
        MlxArray value = schedule(Step) ?? throw new InvalidOperationException($"The schedule of '{name}' returned null instead of an array.");
        StoreCopy(name, value);
    }

    private unsafe void CountStep()
    {
        MlxArray step = StateArray(StepKey);
        byte available = 0;
        MlxError.ThrowIfFailed(Mlxc._mlx_array_is_available(&available, step.Handle), "_mlx_array_is_available");

        // A known step becomes a new constant: a chain of additions that nobody evaluates would grow for ever.
        if (available != 0 && !TraceLock.IsHeldByCurrentThread && step.DType == DType.UInt64 && step.NDim == 0)
        {
            ulong next = *Mlxc.mlx_array_data_uint64(step.Handle) + 1;
            int unused = 0;
            mlx_array handle = Mlxc.mlx_array_new_data(&next, &unused, 0, mlx_dtype.MLX_UINT64);
            Write(_state, StepKey, _shared.Result(handle.ctx == null ? 1 : 0, handle, "mlx_array_new_data"), _shared);
        }
        else
        {
            Write(_state, StepKey, _shared.Use(step) + One, _shared);
        }

        GC.KeepAlive(step);
    }
}
