namespace DotMlx;

/// <summary>
/// Keeps other threads from evaluating while MLX traverses a graph. An evaluated array loses its inputs, so MLX would crash if it visited
/// them at that moment. A transform is a traversal, which is interrupted while MLX calls code of the program, because that code may wait
/// for another thread that evaluates.
/// </summary>
internal static class GraphTraversal
{
    [ThreadStatic]
    private static bool _isRunning;

    /// <summary>
    /// Begins a traversal on this thread, when no evaluation is changing graphs. Only native code may run until the end. Must precede each
    /// native call that transforms a function; <see cref="CallbackErrors.ThrowIfFailed"/> follows it and ends the traversal.
    /// </summary>
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
