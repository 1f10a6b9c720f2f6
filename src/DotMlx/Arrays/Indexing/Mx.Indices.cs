namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>In an index: a new axis of size 1 (<c>mx.newaxis</c>, Python's <c>None</c>).</summary>
    public static MlxIndex NewAxis => MlxIndex.NewAxis;

    /// <summary>In an index: as many full slices as there are axes left (Python's <c>...</c>).</summary>
    public static MlxIndex Ellipsis => MlxIndex.Ellipsis;
}
