using System.Collections.Concurrent;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// MLX keeps one cache of compiled graphs per thread, which only that thread may change. Entries of a function that is
/// released elsewhere (by the finalizer, say) wait here until their thread compiles again or ends.
/// </summary>
internal sealed class CompileCache
{
    [ThreadStatic]
    private static CompileCache? current;

    private readonly ConcurrentQueue<nuint> released = new();

    /// <summary>The calling thread's cache, without what was released meanwhile.</summary>
    internal static CompileCache Current
    {
        get
        {
            CompileCache cache = current ??= new CompileCache();
            if (!cache.released.IsEmpty)
            {
                cache.EraseReleased();
            }

            return cache;
        }
    }

    /// <summary>Removes the graphs of a function: at once on the thread whose cache this is, else later.</summary>
    internal void Erase(nuint id)
    {
        released.Enqueue(id);
        if (ReferenceEquals(this, current))
        {
            EraseReleased();
        }
    }

    // The graphs' arrays die with the entries, which must not happen while another thread evaluates; and only here, for the cache is this thread's.
    private void EraseReleased()
    {
        // An evaluation that was given up goes on for good, and disposing must not wait for it.
        if (PeerWatch.IsLost)
        {
            return;
        }

        Evaluation.Exclude(() =>
        {
            while (released.TryDequeue(out nuint id))
            {
                MlxError.ThrowIfFailed(MlxcPortable.mlx_detail_compile_erase(id), "mlx_detail_compile_erase");
            }
        });
    }
}
