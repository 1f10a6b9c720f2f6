using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// MLX keeps the state of function transforms in plain statics, so only one thread transforms at a time. Re-entrant: transforms nest.
/// Evaluation never takes this lock, so a function under transform may evaluate, and may wait for another thread that does.
/// </summary>
internal static class TraceLock
{
    private static readonly Lock Gate = ProcessWide.Get("TraceGate", static () => new Lock());

    internal static bool IsHeldByCurrentThread => Gate.IsHeldByCurrentThread;

    /// <summary>Waits for the other threads' transforms; dispose the result, also after an exception (<c>using</c>).</summary>
    internal static Lock.Scope Enter()
    {
        // Transforms ask MLX for the thread's default stream, which must be the library's.
        Streams.PrepareThread();
        return Gate.EnterScope();
    }

    /// <summary>As <see cref="Enter"/>, for a <see cref="Trace"/>.</summary>
    internal static void Lock()
    {
        Streams.PrepareThread();
        Gate.Enter();
    }

    internal static void Unlock() => Gate.Exit();
}
