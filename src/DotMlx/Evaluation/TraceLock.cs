using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Lets only one thread run function transforms at a time, because MLX keeps their state in plain static variables. The lock is re-entrant,
/// because transforms nest. Evaluation never takes this lock, so a function under a transform may evaluate, and may wait for another thread
/// that evaluates.
/// </summary>
internal static class TraceLock
{
    private static readonly Lock Gate = ProcessWide.Get("TraceGate", static () => new Lock());

    internal static bool IsHeldByCurrentThread => Gate.IsHeldByCurrentThread;

    /// <summary>Waits for the transforms of other threads. Dispose the result even after an exception (<c>using</c>).</summary>
    internal static Lock.Scope Enter()
    {
        // Transforms ask MLX for the thread's default stream, which must be the library's.
        Streams.PrepareThread();
        return Gate.EnterScope();
    }

    /// <summary>Like <see cref="Enter"/>, for a <see cref="Trace"/>.</summary>
    internal static void Lock()
    {
        Streams.PrepareThread();
        Gate.Enter();
    }

    internal static void Unlock() => Gate.Exit();
}
