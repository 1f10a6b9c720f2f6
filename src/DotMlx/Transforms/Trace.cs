using DotMlx.NN;

namespace DotMlx;

/// <summary>
/// One run of a transform. Arrays that it puts into modules are seen by the flow that traces only: until it ends, every other flow goes on
/// seeing what was there before. Holds the transform lock. Traces nest.
/// </summary>
internal sealed class Trace : IDisposable
{
    private static readonly AsyncLocal<Trace?> Flow = new();

    private readonly Trace? _outer = Current;
    private readonly bool _keepsValues;
    private readonly long _unevaluated = ThreadState.Current.Unevaluated;
    private readonly List<(ModuleSlot Slot, MlxArray StandIn)> _written = [];
    private MlxArray[] _arguments = [];
    private HashSet<object> _states = [];
    private bool _ended;

    private Trace(bool keepsValues) => _keepsValues = keepsValues;

    /// <summary>The innermost trace that the calling flow is in, or null.</summary>
    internal static Trace? Current
    {
        get
        {
            Trace? trace = Flow.Value;

            // A flow that was started inside a trace may outlive it.
            while (trace is { _ended: true })
            {
                trace = trace._outer;
            }

            return trace;
        }
    }

    /// <summary>Begins a trace on this thread; dispose it there.</summary>
    /// <param name="keepsValues">
    /// Whether arrays that are computed inside have values afterwards, as under a gradient, so that modules may keep them. Those of a
    /// function that is vectorized, compiled or exported have none, and modules get back what they had.
    /// </param>
    internal static Trace Begin(bool keepsValues)
    {
        TraceLock.Lock();
        Trace trace = new(keepsValues);
        Flow.Value = trace;
        return trace;
    }

    /// <summary>Says what the function gets, and which modules have their arrays restored after it, whatever it puts there.</summary>
    internal void Name(MlxArray[] arguments, IEnumerable<IMlxState> states)
    {
        _arguments = arguments;
        _states = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (Module module in states.OfType<Module>())
        {
            AddContainers(module);
        }
    }

    private void AddContainers(object container)
    {
        if (!_states.Add(container))
        {
            return;
        }

        foreach (ModuleSlot slot in ModuleSlot.In(container))
        {
            if (slot.HoldsState && slot.Value is not MlxArray)
            {
                AddContainers(slot.Value!);
            }
        }
    }

    internal bool HasEnded => _ended;

    /// <summary>Whether the calling flow is in this trace, and it has not ended.</summary>
    internal bool IsAround
    {
        get
        {
            Trace? trace = Current;
            while (trace is not null && trace != this)
            {
                trace = trace._outer;
            }

            return trace is not null;
        }
    }

    /// <summary>
    /// Puts an array into a module, a list or a dictionary for the flow of this trace. Between <see cref="ModuleWrites.Begin"/> and
    /// <see cref="ModuleWrites.End"/>.
    /// </summary>
    /// <returns>What stands there now.</returns>
    internal object? Write(in ModuleSlot slot, object? value)
    {
        if (value is MlxArray array && slot.Read() is MlxArray current)
        {
            MlxArray standIn = StandInFor(array, current);
            slot.Set(standIn);
            _written.Add((slot, standIn));
            return standIn;
        }

        return slot.Set(value);
    }

    /// <summary>As the other one, for the setter of a property.</summary>
    internal void Write(Module module, ref MlxArray? field, MlxArray value)
    {
        MlxArray? current = field;
        MlxArray? standIn = current is null ? null : StandInFor(value, current);
        field = standIn ?? value;
        if (standIn is null)
        {
            return;
        }

        foreach (ModuleSlot slot in ModuleSlot.In(module))
        {
            if (ReferenceEquals(slot.Value, standIn))
            {
                _written.Add((slot, standIn));
                return;
            }
        }

        // It is no parameter, and nobody would put back what it was.
        field = value;
    }

    /// <summary>
    /// An array that is <paramref name="traced"/> in the flow of this trace and <paramref name="outside"/> in every other one.
    /// </summary>
    internal MlxArray StandInFor(MlxArray traced, MlxArray outside)
    {
        // One of this trace stood for another place, or for what other flows saw there before.
        MlxArray inside = traced.StandsIn is { } known && known.Trace == this ? known.Traced! : traced;
        return new MlxArray(new StandIn(this, inside, outside.StandsIn is { } other && other.Trace == this ? other.Outside! : outside));
    }

    /// <summary>Ends the trace: modules keep what has a value, or get back what they had.</summary>
    public void Dispose()
    {
        try
        {
            SettleAll();
        }
        finally
        {
            _ended = true;

            // Flows that began inside may hold on to this for long.
            _written.Clear();
            _arguments = [];
            _states = [];
            Flow.Value = _outer;
            if (_outer is null)
            {
                GraphDepth.End(_unevaluated);
            }

            TraceLock.Unlock();
        }
    }

    private void SettleAll()
    {
        // This may wait for an evaluation, as nobody who writes should have to.
        bool[] valueless = [.. _written.Select(written => !_keepsValues && !_states.Contains(written.Slot.Container)
            && ReferenceEquals(written.Slot.Read(), written.StandIn) && IsComputed(written.StandIn.StandsIn!.Traced!))];
        ModuleWrites.Begin();
        try
        {
            for (int i = _written.Count - 1; i >= 0; i--)
            {
                (ModuleSlot slot, MlxArray standIn) = _written[i];
                if (ReferenceEquals(slot.Read(), standIn))
                {
                    Settle(slot, standIn.StandsIn!, valueless[i]);
                }
            }

            _ended = true;
        }
        finally
        {
            ModuleWrites.End();
        }
    }

    // Neither an argument of the function nor something that was computed before.
    private bool IsComputed(MlxArray traced) =>
        !traced.IsOnlyStandIn && Array.IndexOf(_arguments, traced) < 0 && !Evaluation.IsAvailable(traced);

    private void Settle(in ModuleSlot slot, StandIn standIn, bool valueless)
    {
        MlxArray traced = standIn.Traced!;
        if (valueless)
        {
            // Who looks at it must hear of it, rather than go on with what was there.
            slot.Set(new MlxArray(new StandIn(traced,
                $"is '{slot.Key}' of a {slot.Container.GetType().Name}, which was changed inside a function that is "
                + "compiled, vectorized or exported: such arrays have no value outside of it. Name the "
                + "model as state of the compiled function, "
                + "Mx.Compile(fun, inputs: [model], outputs: [model]), or give it its array again.")));
            return;
        }

        if (!_keepsValues || !traced.HasValue)
        {
            slot.Set(standIn.Outside);
            return;
        }

        // An argument of the function stands for what the caller gave for it.
        MlxArray value = StandIn.Settled(traced);
        if (_outer is null)
        {
            slot.Set(value);
        }
        else
        {
            slot.Set(standIn.Outside);
            _outer.Write(slot, value);
        }
    }
}
