namespace DotMlx;

/// <summary>
/// Keeps other threads from evaluating while MLX traverses a graph. An evaluated array loses its inputs, so MLX would crash if it were
/// looking at them. A traversal begins when the function under a transform has returned, and is interrupted while MLX calls code of the
/// program, which may wait for another thread that evaluates.
/// </summary>
internal static class GraphTraversal
{
    [ThreadStatic]
    private static bool _isRunning;

    /// <summary>Begins a traversal on this thread, when no evaluation is changing graphs. Only native code may run until the end.</summary>
    internal static void Begin()
    {
        if (!_isRunning)
        {
            GraphLock.Enter();
            _isRunning = true;
        }
    }

    /// <summary>Ends the traversal on this thread, if there is one.</summary>
    internal static void End()
    {
        if (_isRunning)
        {
            _isRunning = false;
            GraphLock.Exit();
        }
    }
}
