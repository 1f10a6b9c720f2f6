namespace DotMlx;

/// <summary>
/// What an array is that has no native array of its own: an array of a function under a transform in the flow that runs it, and another
/// one elsewhere and afterwards.
/// </summary>
internal sealed class StandIn
{
    internal const string Argument =
        "was an argument of a function under a transform, which has no value outside of it. Return what is "
        + "needed from the function, and give a "
        + "model or an optimizer that kept the array its own arrays again.";

    private readonly int[]? _shape;
    private readonly DType _dtype;
    private readonly string _why = "";
    private volatile MlxArray? _outside;

    /// <summary>For an array in a module.</summary>
    /// <param name="trace">The trace in whose flow it is <paramref name="traced"/>.</param>
    /// <param name="traced">What the function has put there.</param>
    /// <param name="outside">What was there before.</param>
    internal StandIn(Trace trace, MlxArray traced, MlxArray outside) => (Trace, Traced, _outside) = (trace, traced, Settled(outside));

    /// <summary>For an argument of a function when it has returned: what the caller gave for it.</summary>
    internal StandIn(MlxArray given) => _outside = Settled(given);

    /// <summary>For an array that never had a value, as an argument under Vmap: its shape is all that remains.</summary>
    /// <param name="traced">The array inside the transform.</param>
    /// <param name="why">The end of a sentence that begins with the array.</param>
    internal StandIn(MlxArray traced, string why) => (_shape, _dtype, _why) = (traced.Shape.ToArray(), traced.DType, why);

    /// <summary>
    /// The array that another one stands for now that its transform is over: a chain of them would grow from step to step.
    /// </summary>
    internal static MlxArray Settled(MlxArray array)
    {
        while (array.IsOnlyStandIn && array.StandsIn is { Outside: { } outside } standIn && standIn.Trace?.HasEnded != false)
        {
            array = outside;
        }

        return array;
    }

    /// <summary>
    /// The array that stands there for the calling flow: not what a trace of another flow has put there for its own time.
    /// </summary>
    internal static MlxArray Seen(MlxArray array)
    {
        while (ForOthers(array) is { Outside: { } outside })
        {
            array = outside;
        }

        return array;
    }

    /// <summary>What an array of a running trace is, as flows see it that are not in the trace; null for any other array.</summary>
    internal static StandIn? ForOthers(MlxArray array)
    {
        StandIn? found = null;
        while (array.IsOnlyStandIn && array.StandsIn is { Trace: { HasEnded: false, IsAround: false }, Outside: { } outside } standIn)
        {
            (found, array) = (standIn, outside);
        }

        return found;
    }

    internal Trace? Trace { get; }

    internal MlxArray? Traced { get; }

    /// <summary>The array of other flows, which they may replace while the trace runs.</summary>
    internal MlxArray? Outside
    {
        get => _outside;
        set => _outside = value;
    }

    /// <summary>The array that this is for the calling flow.</summary>
    /// <exception cref="InvalidOperationException">It has no value.</exception>
    internal MlxArray Resolve()
    {
        MlxArray? array = Trace is { IsAround: true } ? Traced : Outside;
        return array ?? throw new InvalidOperationException(
            $"An array ({_dtype.MlxName()} of shape {ShapeText.Of(_shape)}) {_why}");
    }

    /// <summary>The shape, also where there is no value.</summary>
    internal int[] Shape => _shape ?? Resolve().ShapeArray;

    internal DType DType => _shape is null ? Resolve().DType : _dtype;

    internal bool HasValue => _shape is null;

    internal bool IsDisposed => _shape is null && Resolve().IsDisposed;
}
