using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A random key that is split for every draw: <c>(state, out) = split(state)</c>. The draw uses <c>out</c>.</summary>
internal sealed unsafe class KeySequence
{
    private static readonly AsyncLocal<KeySequence?> ContextSequence = new();
    private static readonly Lazy<KeySequence> ProcessSequence = new(
        static () => new KeySequence((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()));

    private readonly Lock _gate = new();
    private MlxArray _key;
    private bool _replacedInTransform;

    private KeySequence(ulong seed) => _key = Create(seed);

    /// <summary>Creates a sequence that begins with a key and isn't assigned to an execution context.</summary>
    internal KeySequence(MlxArray first) => _key = MlxArray.CreateShared(Arena.Copy(first));

    /// <summary>The sequence of this execution context if it has been seeded; otherwise, the sequence of the process.</summary>
    internal static KeySequence Current => ContextSequence.Value ?? ProcessSequence.Value;

    /// <summary>Gives this execution context, and the contexts that it flows to, their own sequence.</summary>
    internal static void Seed(ulong seed) => ContextSequence.Value = new KeySequence(seed);

    /// <summary>Makes this execution context draw from this sequence until the result is disposed.</summary>
    internal ContextScope Begin()
    {
        ContextScope scope = new(ContextSequence.Value);
        ContextSequence.Value = this;
        return scope;
    }

    /// <summary>Returns the key of the next draw, which the caller must dispose.</summary>
    internal MlxArray Next()
    {
        lock (_gate)
        {
            if (!_replacedInTransform || TraceLock.IsHeldByCurrentThread)
            {
                return Split();
            }
        }

        // A transform on another thread may have replaced the key with a tracer, so wait until the transform ends.
        using Lock.Scope transform = TraceLock.Enter();
        lock (_gate)
        {
            return Split();
        }
    }

    /// <summary>Returns the current key under a separate handle.</summary>
    internal MlxArray Capture()
    {
        lock (_gate)
        {
            return _key.Share();
        }
    }

    internal void Restore(MlxArray state)
    {
        ArgumentNullException.ThrowIfNull(state);
        mlx_array copy = state.NewHandle();
        lock (_gate)
        {
            _replacedInTransform |= TraceLock.IsHeldByCurrentThread;
            Replace(copy);
        }
    }

    private MlxArray Split()
    {
        mlx_array state = default;
        mlx_array drawn = default;
        int status = Mlxc.mlx_random_split(&state, &drawn, _key.Handle, NativeCall.Stream(null));
        MlxError.ThrowIfFailed(status, "mlx_random_split");
        Replace(state);
        return MlxArray.CreateShared(drawn);
    }

    // The key outlives every MlxScope, so it must not belong to one.
    private void Replace(mlx_array state)
    {
        MlxArray old = _key;
        _key = MlxArray.CreateShared(state);
        old.Dispose();
    }

    internal readonly ref struct ContextScope(KeySequence? before)
    {
        public void Dispose() => ContextSequence.Value = before;
    }

    private static MlxArray Create(ulong seed)
    {
        mlx_array key = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_random_key(&key, seed), "mlx_random_key");
        return MlxArray.CreateShared(key);
    }
}
