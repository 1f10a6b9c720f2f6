namespace DotMlx;

/// <summary>
/// The order of the axes that <see cref="Mx.Meshgrid(ReadOnlySpan{MlxArray}, bool, MeshgridIndexing, MlxStream)"/> returns.
/// </summary>
public enum MeshgridIndexing
{
    /// <summary>With the first two axes exchanged, as in plots.</summary>
    XY,

    /// <summary>As in matrices.</summary>
    IJ,
}
