namespace DotMlx.Reference;

/// <summary>The gradient for input <paramref name="index"/>, or null for none.</summary>
internal delegate Tensor? Pullback(Tensor[] cotangents, Tensor[] inputs, Tensor[] outputs, int index);

/// <summary>
/// One recorded operation: how to do it again (compile) and how to pull cotangents back (gradients). Nodes are made
/// only while a transform traces, and only for operations that depend on one of its inputs.
/// </summary>
internal sealed class Node
{
    private static long _count;

    internal long Order { get; } = Interlocked.Increment(ref _count);

    internal required Tensor[] Inputs { get; init; }

    internal required Tensor[] Outputs { get; init; }

    internal required Func<Tensor[], Tensor[]> Forward { get; init; }

    internal Pullback? Pullback { get; init; }

    /// <summary>Whether the operation holds shapes of its inputs that another shape would not fit.</summary>
    internal bool ShapeBound { get; init; }

    /// <summary>What the pullback calls, which must not be released before it.</summary>
    internal Owned?[] Holds { get; init; } = [];
}

/// <summary>What the transforms running on this thread have recorded; it goes when the outermost of them ends.</summary>
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

    /// <summary>Does an operation and records it where a transform needs it.</summary>
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

    /// <summary>A tensor that stands for <paramref name="value"/> in a trace: same data, its own identity.</summary>
    internal static Tensor Tracer(Tensor value)
    {
        var tracer = value.Alias();
        Add(new Node { Inputs = [value], Outputs = [tracer], Forward = x => [x[0].Alias()], Pullback = (g, _, _, _) => g[0] });
        return tracer;
    }

    /// <summary>Whether a jvp is running: rules that differ from the transpose of the tangent's give way to it.</summary>
    internal static bool ForwardMode => _forwardMode;

    /// <summary>Runs a transform; when the outermost one ends, everything recorded is let go of.</summary>
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

    /// <summary>Runs without recording, for gradients that nobody will differentiate again.</summary>
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
