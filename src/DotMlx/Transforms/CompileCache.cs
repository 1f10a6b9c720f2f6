using System.Collections.Concurrent;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Erases entries of MLX's caches of compiled graphs. MLX keeps one cache per thread, which only that thread may change. Entries of a
/// function that is released on another thread (for example, by the finalizer) wait here until their thread compiles again or ends. MLX
/// 0.31.1 has one cache for all threads, which the next thread that compiles clears.
/// </summary>
internal sealed class CompileCache
{
    private static readonly CompileCache? Shared = LoadedApi.Version == MlxcVersions.V0_6_0 ? new() : null;

    [ThreadStatic]
    private static CompileCache? _current;

    private readonly ConcurrentQueue<nuint> _released = new();

    /// <summary>The calling thread's cache, from which released entries have been erased.</summary>
    internal static CompileCache Current
    {
        get
        {
            CompileCache cache = _current ??= Shared ?? new CompileCache();
            if (!cache._released.IsEmpty)
            {
                cache.EraseReleased();
            }

            return cache;
        }
    }

    /// <summary>Removes the graphs of a function: immediately on the thread that owns this cache, otherwise later.</summary>
    internal void Erase(nuint id)
    {
        _released.Enqueue(id);
        if (ReferenceEquals(this, _current))
        {
            EraseReleased();
        }
    }

    // Erasing an entry frees its graph's arrays, which must not happen during an evaluation on another thread. The caller owns the cache,
    // or holds the transform lock if all threads share the cache.
    private void EraseReleased()
    {
        // An abandoned evaluation never ends, and disposing must not wait for it.
        if (PeerWatch.IsLost)
        {
            return;
        }

        if (ReferenceEquals(this, Shared))
        {
            using var scope = TraceLock.Enter();
            Evaluation.Exclude(EraseNow);
            return;
        }

        Evaluation.Exclude(EraseNow);
    }

    private void EraseNow()
    {
        while (_released.TryDequeue(out nuint id))
        {
            MlxError.ThrowIfFailed(MlxcPortable.mlx_detail_compile_erase(id), "mlx_detail_compile_erase");
        }
    }
}
