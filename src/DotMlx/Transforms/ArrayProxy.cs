namespace DotMlx;

/// <summary>
/// The meaning of an array that has no native array of its own. In the execution context that runs a transform, the array represents an
/// array of the transformed function; elsewhere and afterward, it represents another array.
/// </summary>
internal sealed class ArrayProxy
{
    internal const string Argument =
        "was an argument of a function under a transform and has no value outside the function. Return the needed "
        + "arrays from the function. If a model or an optimizer kept the array, assign the original array again.";

    private readonly int[]? _shape;
    private readonly DType _dtype;
    private readonly string _why = "";
    private volatile MlxArray? _outside;

    /// <summary>Creates the proxy of an array in a module.</summary>
    /// <param name="trace">The trace in whose execution context the array represents <paramref name="traced"/>.</param>
    /// <param name="traced">The array that the function has put into the module.</param>
    /// <param name="outside">The array that the module held before.</param>
    internal ArrayProxy(Trace trace, MlxArray traced, MlxArray outside) =>
        (Trace, Traced, _outside) = (trace, traced, AfterTransform(outside));

    /// <summary>Creates the proxy of a function's argument after the function has returned: the array that the caller passed.</summary>
    internal ArrayProxy(MlxArray given) => _outside = AfterTransform(given);

    /// <summary>Creates the proxy of an array that never had a value, such as an argument under Vmap; only its shape remains.</summary>
    /// <param name="traced">The array inside the transform.</param>
    /// <param name="why">The end of a sentence that begins with the array.</param>
    internal ArrayProxy(MlxArray traced, string why) => (_shape, _dtype, _why) = (traced.Shape.ToArray(), traced.DType, why);

    /// <summary>
    /// Returns the array that another array represents once its transform has ended. Without this, chains of proxies would grow from step
    /// to step.
    /// </summary>
    internal static MlxArray AfterTransform(MlxArray array)
    {
        while (array.IsProxy && array.Proxy is { Outside: { } outside } proxy && proxy.Trace?.HasEnded != false)
        {
            array = outside;
        }

        return array;
    }

    /// <summary>
    /// Returns the array as the calling execution context sees it, without arrays that a running trace of another context has put there.
    /// </summary>
    internal static MlxArray InCurrentContext(MlxArray array)
    {
        while (OfOtherContext(array) is { Outside: { } outside })
        {
            array = outside;
        }

        return array;
    }

    /// <summary>
    /// Returns the proxy that contexts outside a running trace see for an array of that trace; null for any other array.
    /// </summary>
    internal static ArrayProxy? OfOtherContext(MlxArray array)
    {
        ArrayProxy? found = null;
        while (array.IsProxy && array.Proxy is { Trace: { HasEnded: false, IsInCurrentContext: false }, Outside: { } outside } proxy)
        {
            (found, array) = (proxy, outside);
        }

        return found;
    }

    internal Trace? Trace { get; }

    internal MlxArray? Traced { get; }

    /// <summary>The array that other execution contexts see, and may replace while the trace runs.</summary>
    internal MlxArray? Outside
    {
        get => _outside;
        set => _outside = value;
    }

    /// <summary>Returns the array that this proxy represents in the calling execution context.</summary>
    /// <exception cref="InvalidOperationException">The array has no value.</exception>
    internal MlxArray Resolve()
    {
        MlxArray? array = Trace is { IsInCurrentContext: true } ? Traced : Outside;
        return array ?? throw new InvalidOperationException(
            $"An array ({_dtype.MlxName()} of shape {ShapeText.Of(_shape)}) {_why}");
    }

    /// <summary>The shape, which is known even without a value.</summary>
    internal int[] Shape => _shape ?? Resolve().ShapeArray;

    internal DType DType => _shape is null ? Resolve().DType : _dtype;

    internal bool HasValue => _shape is null;

    internal bool IsDisposed => _shape is null && Resolve().IsDisposed;
}
