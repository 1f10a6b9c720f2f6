namespace DotMlx.Reference;

/// <summary>Returns the gradient for input <paramref name="index"/>, or null for none.</summary>
internal delegate Tensor? Pullback(Tensor[] cotangents, Tensor[] inputs, Tensor[] outputs, int index);

/// <summary>
/// A recorded operation: how to replay it (compile) and how to pull cotangents back (gradients). Nodes are created only while a transform
/// traces, and only for operations that depend on one of its inputs.
/// </summary>
internal sealed class Node
{
    private static long _count;

    internal long Order { get; } = Interlocked.Increment(ref _count);

    internal required Tensor[] Inputs { get; init; }

    internal required Tensor[] Outputs { get; init; }

    internal required Func<Tensor[], Tensor[]> Forward { get; init; }

    internal Pullback? Pullback { get; init; }

    /// <summary>Whether the operation depends on the shapes of its inputs, so that it can't be replayed with other shapes.</summary>
    internal bool ShapeBound { get; init; }

    /// <summary>The objects that the pullback uses, which must not be released before it.</summary>
    internal Owned?[] Holds { get; init; } = [];
}

/// <summary>
/// The operations recorded by the transforms that run on this thread. They are cleared when the outermost transform ends.
/// </summary>
internal static class Recording
{
    [ThreadStatic]
    private static List<Node>? _nodes;

    [ThreadStatic]
    private static int _depth;

    [ThreadStatic]
    private static bool _paused;

    [ThreadStatic]
    private static bool _forwardMode;

    internal static bool IsOutermost => _depth == 1;

    /// <summary>Performs an operation, and records it if a transform needs it.</summary>
    internal static Tensor[] Apply(Tensor[] inputs, Func<Tensor[], Tensor[]> forward, Pullback? pullback, bool shapeBound = false,
        params Owned?[] holds)
    {
        var outputs = forward(inputs);
        if (_depth > 0 && !_paused && Array.Exists(inputs, x => x.Node is not null))
        {
            Add(new Node { Inputs = inputs, Outputs = outputs, Forward = forward, Pullback = pullback,
                ShapeBound = shapeBound, Holds = holds });
        }
        return outputs;
    }

    internal static Tensor Apply(Tensor[] inputs, Func<Tensor[], Tensor> forward, Func<Tensor, Tensor[], Tensor, int, Tensor?>? pullback,
        bool shapeBound = false) =>
        Apply(inputs, x => [forward(x)], pullback is null ? null : (g, x, y, i) => pullback(g[0], x, y[0], i), shapeBound)[0];

    internal static Tensor Apply(Tensor input, Func<Tensor, Tensor> forward, Func<Tensor, Tensor, Tensor, Tensor?>? pullback,
        bool shapeBound = false) =>
        Apply([input], x => [forward(x[0])], pullback is null ? null : (g, x, y, _) => pullback(g[0], x[0], y[0]), shapeBound)[0];

    /// <summary>Creates a tensor that represents <paramref name="value"/> in a trace, with the same data but its own identity.</summary>
    internal static Tensor Tracer(Tensor value)
    {
        var tracer = value.Alias();
        Add(new Node { Inputs = [value], Outputs = [tracer], Forward = x => [x[0].Alias()], Pullback = (g, _, _, _) => g[0] });
        return tracer;
    }

    /// <summary>Whether a JVP is running. Gradient rules that aren't the transpose of the tangent rule are replaced during a JVP.</summary>
    internal static bool ForwardMode => _forwardMode;

    /// <summary>Runs a transform. When the outermost one ends, all recorded operations are released.</summary>
    internal static T Trace<T>(Func<T> transform)
    {
        var before = (_paused, _forwardMode);
        (_paused, _forwardMode) = (false, false);
        _depth++;
        try
        {
            return transform();
        }
        finally
        {
            (_paused, _forwardMode) = before;
            if (--_depth == 0) Clear();
        }
    }

    /// <summary>Runs without recording, for gradients that aren't differentiated again.</summary>
    internal static T Paused<T>(bool pause, Func<T> action)
    {
        var before = _paused;
        _paused = before || pause;
        try
        {
            return action();
        }
        finally
        {
            _paused = before;
        }
    }

    internal static T InForwardMode<T>(Func<T> action)
    {
        _forwardMode = true;
        try
        {
            return action();
        }
        finally
        {
            _forwardMode = false;
        }
    }

    private static void Clear()
    {
        if (_nodes is not { } recorded) return;
        _nodes = null;
        foreach (var node in recorded)
        {
            foreach (var tensor in node.Outputs) tensor.Node = null;
        }
        foreach (var node in recorded)
        {
            foreach (var tensor in node.Outputs) tensor.Release();
            foreach (var tensor in node.Inputs) tensor.Release();
            foreach (var held in node.Holds) held?.Release();
        }
    }

    private static void Add(Node node)
    {
        foreach (var held in node.Holds) held?.Retain();
        foreach (var tensor in node.Inputs) tensor.Retain();
        foreach (var tensor in node.Outputs)
        {
            tensor.Retain();
            tensor.Node = node;
        }
        (_nodes ??= []).Add(node);
    }
}
