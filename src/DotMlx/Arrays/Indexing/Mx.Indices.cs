namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>An index entry for a new axis of size 1 (<c>mx.newaxis</c>, Python's <c>None</c>).</summary>
    public static MlxIndex NewAxis => MlxIndex.NewAxis;

    /// <summary>An index entry for as many full slices as there are remaining axes (Python's <c>...</c>).</summary>
    public static MlxIndex Ellipsis => MlxIndex.Ellipsis;
}
