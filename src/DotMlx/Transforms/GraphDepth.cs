namespace DotMlx;

/// <summary>
/// Transforms go through the graph of a function recursively, operation by operation, in MLX. A graph that is too deep for the thread's
/// stack would end the process, so it is refused before. (Evaluating and freeing need no such stack.)
/// </summary>
internal static class GraphDepth
{
    // Measured in a build of MLX 0.31.2: 80 bytes per node for a gradient, 97 for vmap, 212 for a compiled or exported function.
    private const int BytesPerOperation = 200;

    // What MLX and the library need themselves.
    private const int Reserve = 64 << 10;

    // Graphs up to this size fit every stack.
    private const int Harmless = 1000;

    // Operations of gradients that MLX made itself.
    [ThreadStatic]
    private static long _backwards;

    /// <summary>A number that grows with the operations called on this thread.</summary>
    internal static long Mark => ThreadState.Current.Created + _backwards;

    /// <summary>To be called after a function has run under a transform, before MLX goes through what it made.</summary>
    /// <param name="mark">The <see cref="Mark"/> before the function.</param>
    /// <exception cref="InsufficientExecutionStackException">The thread's stack does not suffice.</exception>
    internal static void Check(long mark)
    {
        long operations = Mark - mark;
        if (operations > Harmless && ThreadStack.Left is { } left && operations * BytesPerOperation > left - Reserve)
        {
            throw new InsufficientExecutionStackException(
                $"The function under a transform has called {operations} operations. MLX goes through their "
                + $"graph recursively, for which the "
                + $"{left >> 10} KB that are left of this thread's stack may not suffice. Call the "
                + $"transform on a thread with a larger stack: "
                + $"new Thread(start, maxStackSize: {Suggested(operations)} << 20).");
        }
    }

    /// <summary>The gradient of what was called since is a graph of about the same size, in which an outer transform will go on.</summary>
    internal static void AddGradient(long mark) => _backwards += Mark - mark;

    private static long Suggested(long operations)
    {
        long megabytes = 16;
        while (megabytes << 20 < 2 * operations * BytesPerOperation)
        {
            megabytes *= 2;
        }

        return megabytes;
    }
}
