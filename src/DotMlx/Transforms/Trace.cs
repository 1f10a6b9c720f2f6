using DotMlx.NN;

namespace DotMlx;

/// <summary>
/// One run of a transform. Only the execution context of the trace sees the arrays that the trace puts into modules; until the trace ends,
/// every other context sees the previous arrays. A trace holds the transform lock. Traces nest.
/// </summary>
internal sealed class Trace : IDisposable
{
    private static readonly AsyncLocal<Trace?> ContextTrace = new();

    private readonly Trace? _outer = Current;
    private readonly bool _keepsValues;
    private readonly bool _vectorizes;
    private readonly bool _exports;
    private readonly long _unevaluated = ThreadState.Current.Unevaluated;
    private readonly List<(ModuleSlot Slot, MlxArray Array)> _written = [];
    private MlxArray[] _arguments = [];
    private HashSet<object> _states = [];
    private bool _ended;

    private Trace(bool keepsValues, bool vectorizes, bool exports) =>
        (_keepsValues, _vectorizes, _exports) = (keepsValues, vectorizes, exports);

    /// <summary>The innermost trace of the calling execution context, or null.</summary>
    internal static Trace? Current
    {
        get
        {
            Trace? trace = ContextTrace.Value;

            // An execution context captured inside a trace may outlive the trace.
            while (trace is { _ended: true })
            {
                trace = trace._outer;
            }

            return trace;
        }
    }

    /// <summary>Begins a trace on this thread; dispose it on the same thread.</summary>
    /// <param name="keepsValues">
    /// Whether arrays computed inside have values afterward, as under a gradient, so that modules may keep them. Arrays of a function that
    /// is vectorized, compiled, or exported have no values, and modules get their previous arrays back.
    /// </param>
    /// <param name="vectorizes">Whether the function is vectorized.</param>
    /// <param name="exports">Whether the function is exported.</param>
    internal static Trace Begin(bool keepsValues, bool vectorizes = false, bool exports = false)
    {
        TraceLock.Lock();
        Trace trace = new(keepsValues, vectorizes, exports);
        ContextTrace.Value = trace;
        return trace;
    }

    /// <summary>Sets the function's arguments, and the modules whose arrays the caller restores after the function.</summary>
    internal void SetArguments(MlxArray[] arguments, IEnumerable<IMlxState> states)
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

    /// <summary>Whether the calling execution context runs a function that is vectorized.</summary>
    internal static bool IsVectorizing => IsInside(static trace => trace._vectorizes);

    /// <summary>Whether the calling execution context runs a function that is differentiated.</summary>
    internal static bool IsDifferentiating => IsInside(static trace => trace._keepsValues);

    /// <summary>Whether the calling execution context runs a function that is exported.</summary>
    internal static bool IsExporting => IsInside(static trace => trace._exports);

    private static bool IsInside(Func<Trace, bool> kind)
    {
        Trace? trace = Current;
        while (trace is not null && !kind(trace))
        {
            trace = trace._outer;
        }

        return trace is not null;
    }

    /// <summary>
    /// A false of shape () that MLX maps over the batch, while the vectorized function runs; null otherwise. Every array that is computed
    /// with it is mapped as well.
    /// </summary>
    internal MlxArray? Batched { get; set; }

    /// <summary><see cref="Batched"/> of every vectorized function that the calling execution context runs.</summary>
    internal static IEnumerable<MlxArray> AllBatched()
    {
        for (Trace? trace = Current; trace is not null; trace = trace._outer)
        {
            if (trace.Batched is { } batched)
            {
                yield return batched;
            }
        }
    }

    /// <summary>Whether an outer transform differentiates what this one computes.</summary>
    internal bool IsDifferentiatedAgain => _outer is not null && (_outer._keepsValues || _outer.IsDifferentiatedAgain);

    /// <summary>Whether the calling execution context is in this trace, and the trace hasn't ended.</summary>
    internal bool IsInCurrentContext
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
    /// Puts an array into a module, a list, or a dictionary for the execution context of this trace. Call this between <see
    /// cref="ModuleWrites.Begin"/> and <see cref="ModuleWrites.End"/>.
    /// </summary>
    /// <returns>The value that the slot holds now.</returns>
    internal object? Write(in ModuleSlot slot, object? value)
    {
        if (value is MlxArray array && slot.Read() is MlxArray current)
        {
            MlxArray proxy = CreateProxy(array, current);
            slot.Set(proxy);
            _written.Add((slot, proxy));
            return proxy;
        }

        return slot.Set(value);
    }

    /// <summary>Like the other overload, for the setter of a property.</summary>
    internal void Write(Module module, ref MlxArray? field, MlxArray value)
    {
        MlxArray? current = field;
        MlxArray? proxy = current is null ? null : CreateProxy(value, current);
        field = proxy ?? value;
        if (proxy is null)
        {
            return;
        }

        foreach (ModuleSlot slot in ModuleSlot.In(module))
        {
            if (ReferenceEquals(slot.Value, proxy))
            {
                _written.Add((slot, proxy));
                return;
            }
        }

        // The property isn't a parameter, so no code would restore its previous value.
        field = value;
    }

    /// <summary>
    /// Creates an array that represents <paramref name="traced"/> in the execution context of this trace and <paramref name="outside"/> in
    /// every other one.
    /// </summary>
    internal MlxArray CreateProxy(MlxArray traced, MlxArray outside)
    {
        // A proxy of this same trace is replaced by the arrays that it represents.
        MlxArray inside = traced.Proxy is { } known && known.Trace == this ? known.Traced! : traced;
        return new MlxArray(new ArrayProxy(this, inside, outside.Proxy is { } other && other.Trace == this ? other.Outside! : outside));
    }

    /// <summary>Ends the trace: modules keep arrays that have values, and get back their previous arrays otherwise.</summary>
    public void Dispose()
    {
        try
        {
            RestoreModules();
        }
        finally
        {
            _ended = true;

            // Execution contexts captured inside may keep this object alive for long.
            _written.Clear();
            _arguments = [];
            _states = [];
            ContextTrace.Value = _outer;
            if (_outer is null)
            {
                GraphDepth.End(_unevaluated);
            }

            TraceLock.Unlock();
        }
    }

    private void RestoreModules()
    {
        // Runs before ModuleWrites.Begin, because it may wait for an evaluation, which would block writers.
        bool[] valueless = [.. _written.Select(written => !_keepsValues && !_states.Contains(written.Slot.Container)
            && ReferenceEquals(written.Slot.Read(), written.Array) && IsComputed(written.Array.Proxy!.Traced!))];
        ModuleWrites.Begin();
        try
        {
            for (int i = _written.Count - 1; i >= 0; i--)
            {
                (ModuleSlot slot, MlxArray proxy) = _written[i];
                if (ReferenceEquals(slot.Read(), proxy))
                {
                    Restore(slot, proxy.Proxy!, valueless[i]);
                }
            }

            _ended = true;
        }
        finally
        {
            ModuleWrites.End();
        }
    }

    // Whether the function computed the array: it is neither an argument nor an array that has a value already.
    private bool IsComputed(MlxArray traced) =>
        !traced.IsProxy && Array.IndexOf(_arguments, traced) < 0 && !Evaluation.IsAvailable(traced);

    private void Restore(in ModuleSlot slot, ArrayProxy proxy, bool valueless)
    {
        MlxArray traced = proxy.Traced!;
        if (valueless)
        {
            // Reading this array must fail instead of returning the previous one.
            slot.Set(new MlxArray(new ArrayProxy(traced,
                $"is '{slot.Key}' of a {slot.Container.GetType().Name}, which was changed inside a compiled, "
                + "vectorized, or exported function; such arrays have no value outside the function. Declare the "
                + "model as state of the compiled function, Mx.Compile(fun, inputs: [model], outputs: [model]), or assign "
                + "the original array again.")));
            return;
        }

        if (!_keepsValues || !traced.HasValue)
        {
            slot.Set(proxy.Outside);
            return;
        }

        // An argument of the function represents the array that the caller passed.
        MlxArray value = ArrayProxy.AfterTransform(traced);
        if (_outer is null)
        {
            slot.Set(value);
        }
        else
        {
            slot.Set(proxy.Outside);
            _outer.Write(slot, value);
        }
    }
}
