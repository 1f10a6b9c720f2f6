using System.Runtime.InteropServices;
using DotMlx.Bindings;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx;

/// <summary>
/// A function whose graph MLX keeps and reuses. The graph's inputs are the arrays of the arguments and of the captured state; its outputs
/// are the arrays of the result and of the state after the call.
/// </summary>
internal sealed unsafe partial class CompiledFunction : IDisposable
{
    // Shared by all copies of this library in the process, because MLX identifies compiled graphs by number.
    private static readonly long* LastId = ProcessWide.Number("CompiledFunctions");
    private static int _settings;

    // Never reused, so that MLX can't mistake a graph of a released function for one of this function.
    private readonly nuint _id = (nuint)Interlocked.Increment(ref *LastId);
    private readonly Func<object?[], object?> _function;
    private readonly IMlxState[] _inputs;
    private readonly IMlxState[] _outputs;
    private readonly ModuleModes _modes;
    private readonly bool _shapeless;
    private readonly Relay _relay = new();
    private readonly NativeClosure _traced;
    private readonly NativeHandle _natives;
    private readonly List<Specialization> _specializations = [];
    private readonly List<Signature> _signatures = [];
    private readonly List<Tree> _layouts = [];
    private readonly HashSet<CompileCache> _caches = [];
    private CompileCache? _lastCache;
    private Frame? _spare;

    internal CompiledFunction(Func<object?[], object?> function, IMlxState[]? inputs, IMlxState[]? outputs, bool shapeless)
    {
        _function = function;
        _inputs = inputs ?? [];
        _outputs = outputs ?? [];
        _shapeless = shapeless;
        foreach (IMlxState state in (IMlxState[])[.. _inputs, .. _outputs])
        {
            ArgumentNullException.ThrowIfNull(state, nameof(inputs));
        }

        _modes = new ModuleModes([.. _inputs, .. _outputs]);

        // The closure refers to this object only during a call; otherwise, it would keep this object alive forever.
        _traced = NativeClosure.Create(_relay.Trace, _relay.Given);
        _natives = new NativeHandle((nint)_id, _ => Free());
    }

    /// <summary>Frees the graphs once no call uses them. Delegates for this function can't be called afterward.</summary>
    public void Dispose() => _natives.Dispose();

    /// <summary>Must be called when a setting changes that determines whether MLX compiles.</summary>
    internal static void SettingsChanged() => Interlocked.Increment(ref _settings);

    internal TResult Invoke<TResult>() => (TResult)Call([])!;

    internal TResult Invoke<T1, TResult>(T1 a) => (TResult)Call([a])!;

    internal TResult Invoke<T1, T2, TResult>(T1 a, T2 b) => (TResult)Call([a, b])!;

    internal TResult Invoke<T1, T2, T3, TResult>(T1 a, T2 b, T3 c) => (TResult)Call([a, b, c])!;

    internal TResult Invoke<T1, T2, T3, T4, TResult>(T1 a, T2 b, T3 c, T4 d) => (TResult)Call([a, b, c, d])!;

    private object? Call(ReadOnlySpan<object?> arguments)
    {
        ObjectDisposedException.ThrowIf(_natives.IsDisposed, this);
        using NativeHandle.Use used = _natives.Enter();
        using var scope = TraceLock.Enter();

        // MLX keeps a reference to the entry that it is filling, so a function can't compile inside its own trace.
        // A graph that was compiled elsewhere lacks what operations do for vectorized functions.
        if (_relay.Busy || Trace.IsVectorizing)
        {
            return _function(arguments.ToArray());
        }

        Frame frame = _spare ?? new Frame(_inputs.Length);
        _spare = null;
        bool failed = true;
        try
        {
            using VectorArray arrays = Capture(frame, arguments);
            _relay.Begin(this, frame);
            object? result = Apply(frame, arrays);
            failed = false;
            return result;
        }
        finally
        {
            _relay.End();
            frame.End();
            _spare = frame;
            if (failed)
            {
                // A failed trace leaves an entry that looks complete.
                CompileCache.Current.Erase(_id);
            }

            GC.KeepAlive(this);
        }
    }

    /// <summary>Captures a consistent state, with handles that no other thread frees during the call.</summary>
    private VectorArray Capture(Frame frame, ReadOnlySpan<object?> arguments)
    {
        ModuleWrites.ReadAttempt attempt = ModuleWrites.Read();
        while (true)
        {
            frame.Begin(arguments);
            VectorArray arrays = default;
            try
            {
                CaptureStates(frame);
                arrays = VectorArray.From(CollectionsMarshal.AsSpan(frame.Key.Arrays));
                if (!attempt.MustRetry())
                {
                    return arrays;
                }
            }
            catch (ObjectDisposedException) when (attempt.MustRetry())
            {
                // A training thread has replaced a captured array; the loop captures the state again.
            }

            arrays.Dispose();
            frame.End();
        }
    }

    private object? Apply(Frame frame, in VectorArray arrays)
    {
        mlx_closure compiled = Specialize(CollectionsMarshal.AsSpan(frame.Key.Constants));
        if (CompileCache.Current is var cache && !ReferenceEquals(cache, _lastCache))
        {
            _caches.Add(cache);
            _lastCache = cache;
        }

        mlx_vector_array native = default;
        GraphTraversal.Begin();
        try
        {
            CallbackErrors.ThrowIfFailed(Mlxc.mlx_closure_apply(&native, compiled, arrays.Handle), "mlx_closure_apply");
        }
        catch (MlxException error) when (error.Message.Contains("uncaptured inputs", StringComparison.Ordinal))
        {
            throw CapturesItsInput(frame, error);
        }

        Metrics.CompiledCall(cacheHit: frame.Traced is null);
        using VectorArray results = new(native);
        int count = results.Count - 1;
        Signature signature = frame.Traced ?? _signatures[_signatures.Count == 1 ? 0 : ReadMarker(results, count)];
        MlxArray[] values = new MlxArray[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = results.Get(i);
        }

        int next = 0;
        object? result = TreeDef.Unflatten(signature.Result, values, ref next);
        if (MlxScope.AnyActive)
        {
            // The state outlives the scope of this call.
            foreach (MlxArray state in values.AsSpan(next))
            {
                MlxScope.Detach(state);
            }
        }

        for (int i = 0; i < _outputs.Length; i++)
        {
            var state = (Tree)TreeDef.Unflatten(signature.States[i], values, ref next)!;
            if (_outputs[i] is OptimizerBase optimizer)
            {
                optimizer.RestoreOwnState(state);
            }
            else
            {
                _outputs[i].RestoreState(state);
            }

            if (HasOwnHandles(_outputs[i]))
            {
                state.DisposeArrays();
            }
        }

        // Disposed here, because the garbage collector would withhold their memory from the next steps.
        foreach (MlxArray array in frame.Replaced)
        {
            array.Dispose();
        }

        return result;
    }

    /// <summary>
    /// Whether the caller must free the arrays that the state captures or receives, because the state has its own handles.
    /// </summary>
    private static bool HasOwnHandles(IMlxState state) => state is KVCache or RandomState;

    private MlxException CapturesItsInput(Frame frame, MlxException error)
    {
        string states = _inputs.Length == 0
            ? ""
            : $" or in the state of {string.Join(", ", _inputs.Select(state => state.GetType().Name))}";
        return new MlxException(
            $"The compiled function captured an array that it also receives, among its "
            + $"{frame.Key.Numbers.Count} argument arrays{states}. "
            + "In the function, use the argument, or read the array from the model or optimizer that is listed as "
            + "state, instead of the captured array.",
            error.Operation,
            error);
    }

    private void CaptureStates(Frame frame)
    {
        frame.Key.Constants.Add(_modes.Current());
        for (int i = 0; i < _inputs.Length; i++)
        {
            // Capturing makes arrays no longer private, so the private ones are collected first.
            if (_inputs[i] is OptimizerBase optimizer && Array.IndexOf(_outputs, optimizer) >= 0)
            {
                foreach (Optimizer rule in optimizer.Rules)
                {
                    rule.CollectPrivate(frame.Replaced);
                }
            }

            Tree state = _inputs[i].CaptureState();
            frame.States[i] = state;
            if (HasOwnHandles(_inputs[i]) || (_inputs[i] is Module { OwnsArrays: true } module && Array.IndexOf(_outputs, module) >= 0))
            {
                state.CollectLeaves(frame.Replaced, shown: false);
            }

            state.CollectLeaves(frame.Key.Arrays, shown: false);

            // Equal arrays in a different order, or under different names, must not share a graph.
            int layout = _layouts.FindIndex(known => Tree.SameLayout(known, state));
            if (layout < 0)
            {
                layout = _layouts.Count;
                _layouts.Add((Tree)TreeDef.Of(state)!);
            }

            frame.Key.Constants.Add((ulong)layout);
        }
    }

    /// <summary>Runs the function on tracers: on the first call for these shapes, or on every call if compilation is disabled.</summary>
    private MlxArray[] TraceGraph(Frame frame, MlxArray[] tracers)
    {
        object?[] arguments = frame.Rebuild(tracers, out int next);
        IMlxState[] states = [.. _outputs.Union(_inputs, ReferenceEqualityComparer.Instance).Cast<IMlxState>()];
        using ModuleWrites.Watch others = ModuleWrites.StartWatch();
        Tree[] before = Array.ConvertAll(states, state => state.CaptureState());
        try
        {
            using Trace trace = Trace.Begin(keepsValues: false);
            trace.SetArguments(tracers, [.. _inputs, .. _outputs]);
            for (int i = 0; i < _inputs.Length; i++)
            {
                _inputs[i].RestoreState(frame.States[i].Map(array => trace.CreateProxy(tracers[next++], array)));
            }

            object? result = _function(arguments);
            List<MlxArray> flat = [];
            TreeDef.Flatten(result, flat);
            Tree[] after = Array.ConvertAll(_outputs, state => state.CaptureState());
            TreeDef.Flatten(after, flat);

            frame.Traced = Sign(TreeDef.Of(result), (object?[])TreeDef.Of(after)!);
            return [.. flat.Select(array => array.IsProxy ? array.Proxy!.Resolve() : array), frame.Traced.Marker];
        }
        finally
        {
            // Even after an exception, no tracer stays in the state, and arrays that another thread has put into a module stay there.
            for (int i = 0; i < states.Length; i++)
            {
                if (states[i] is Module module)
                {
                    ModuleUpdate.State(module, before[i], others);
                }
                else
                {
                    states[i].RestoreState(before[i]);
                }

                if (HasOwnHandles(states[i]))
                {
                    before[i].DisposeArrays();
                }
            }
        }
    }

    private void Free()
    {
        _traced.Dispose();
        foreach (Specialization known in _specializations)
        {
            _ = Mlxc.mlx_closure_free(known.Closure);
        }

        foreach (Signature signature in _signatures)
        {
            signature.Marker.Dispose();
        }

        foreach (CompileCache cache in _caches)
        {
            cache.Erase(_id);
        }
    }
}
