using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Lets only one thread change or traverse graphs at a time. Evaluations take this lock until MLX has queued their operations, and
/// transforms take it while MLX traverses a graph. Always taken after the other locks.
/// </summary>
internal static class GraphLock
{
    private static readonly Lock Gate = ProcessWide.Get("GraphGate", static () => new Lock());

    internal static void Enter() => PeerWatch.Enter(Gate);

    internal static void Exit() => Gate.Exit();
}
