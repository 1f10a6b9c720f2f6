using System.Text.RegularExpressions;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Refuses graphs that are too deep for the thread's stack. In transforms, MLX traverses the graph of a function recursively, node by node,
/// and a stack overflow would end the process. Evaluating and freeing don't need that much stack.
/// </summary>
internal static unsafe partial class GraphDepth
{
    // Measured in a build of MLX 0.31.2: 80 bytes for a gradient, 97 for vmap, 212 for a compiled or exported function.
    private const int BytesPerNode = 256;

    // An operation makes several nodes, but few operations chain more than four. If these bytes fit the stack, the depth isn't measured.
    private const int BytesPerOperation = 4 * BytesPerNode;

    // Stack space for MLX and the library themselves.
    private const int Reserve = 64 << 10;

    // Graphs of up to this many operations fit any stack.
    private const int SafeDepth = 100;

    // Measuring is recursive too, even beyond the function's arguments. Only the used part of the stack takes memory.
    private const int MeasuringStackSize = 1 << 30;

    private const string Output = "output";

    [ThreadStatic]
    private static bool _hasMeasured;

    /// <summary>Must be called after a function has run under a transform, before MLX traverses the graph of its outputs.</summary>
    /// <exception cref="InsufficientExecutionStackException">The thread's stack is too small.</exception>
    internal static void Check(MlxArray[] arguments, MlxArray[] outputs)
    {
        // Only MLX traverses graphs recursively.
        if (MlxLibrary.Kind != MlxLibraryKind.Mlx)
        {
            return;
        }

        ThreadState thread = ThreadState.Current;
        long operations = thread.Unevaluated + ThreadStates.UnevaluatedByOthers(thread);
        if (operations <= SafeDepth || ThreadStack.Left is not { } left || operations * BytesPerOperation <= left - Reserve)
        {
            return;
        }

        long depth = Measure(arguments, outputs);
        if (depth > SafeDepth && depth * BytesPerNode > left - Reserve)
        {
            throw new InsufficientExecutionStackException(
                $"The graph of the function under a transform is {depth} nodes deep. MLX traverses it recursively, and the "
                + $"{left >> 10} KB that are left of this thread's stack may not be enough. "
                + "Call the transform on a thread with a larger stack: "
                + $"new Thread(start, maxStackSize: {Suggested(depth)} << 20).");
        }

        _hasMeasured = true;
    }

    /// <summary>
    /// Must be called after the outermost transform. If its graph had to be measured, operations from before the transform no longer count,
    /// on this thread and on others. Otherwise, every small graph would be measured on a thread that never evaluates, and on the threads
    /// next to it.
    /// </summary>
    /// <param name="before">The thread's <see cref="ThreadState.Unevaluated"/> before the transform.</param>
    internal static void End(long before)
    {
        if (_hasMeasured)
        {
            _hasMeasured = false;
            ThreadState thread = ThreadState.Current;
            thread.Unevaluated = Math.Max(0, thread.Unevaluated - before);
            ThreadStates.MarkMeasured(thread);
        }
    }

    /// <summary>
    /// Counts a gradient, whose graph is about as large as that of the operations called for it; an outer transform traverses it too.
    /// </summary>
    /// <param name="before">The thread's <see cref="ThreadState.Unevaluated"/> before the gradient.</param>
    internal static void AddGradient(long before)
    {
        ThreadState thread = ThreadState.Current;
        thread.AddOfGradient(Math.Max(0, thread.Unevaluated - before));
    }

    /// <summary>Returns the number of nodes on the longest path from an argument or a constant to an output.</summary>
    private static long Measure(MlxArray[] arguments, MlxArray[] outputs)
    {
        string path = Path.GetTempFileName();
        try
        {
            // MLX's traversals stop at the arguments, so their names are ones that the pattern skips.
            Dictionary<string, MlxArray> names = [];
            AddNames(names, Output, outputs);
            AddNames(names, "argument", arguments);
            GraphText.Write(path, &Mlxc.mlx_print_graph, "mlx_print_graph", outputs, names, MeasuringStackSize);
            Dictionary<string, long> depths = new(StringComparer.Ordinal);
            foreach (string line in File.ReadLines(path))
            {
                // Every line names the inputs of an operation, an arrow, and its outputs.
                int arrow = line.LastIndexOf(" -> ", StringComparison.Ordinal);
                if (arrow >= 0)
                {
                    AddOperation(line, arrow, depths);
                }
            }

            return depths.Where(depth => depth.Key.StartsWith(Output, StringComparison.Ordinal)).Max(depth => (long?)depth.Value) ?? 0;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void AddNames(Dictionary<string, MlxArray> names, string prefix, MlxArray[] arrays)
    {
        foreach (MlxArray array in arrays)
        {
            if (!array.IsDisposed)
            {
                names.Add($"{prefix}{names.Count}", array);
            }
        }
    }

    private static void AddOperation(string line, int arrow, Dictionary<string, long> depths)
    {
        long depth = 0;
        foreach (ValueMatch name in NamePattern().EnumerateMatches(line.AsSpan(0, arrow)))
        {
            depth = Math.Max(depth, depths.GetValueOrDefault(line.Substring(name.Index, name.Length)));
        }

        foreach (ValueMatch name in NamePattern().EnumerateMatches(line.AsSpan(arrow)))
        {
            depths[line.Substring(arrow + name.Index, name.Length)] = depth + 1;
        }
    }

    private static long Suggested(long depth)
    {
        long megabytes = 16;
        while (megabytes << 20 < (depth * BytesPerNode) + (2 * Reserve))
        {
            megabytes *= 2;
        }

        return megabytes;
    }

    // The name of an array comes before its shape and dtype: "A [(2,3), float32]".
    [GeneratedRegex(@"([A-Z]+|\boutput\d+)(?= \[\()", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
