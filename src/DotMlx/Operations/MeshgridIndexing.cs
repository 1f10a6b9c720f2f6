namespace DotMlx;

/// <summary>
/// The order of the axes that <see cref="Mx.Meshgrid(ReadOnlySpan{MlxArray}, bool, MeshgridIndexing, MlxStream)"/> returns.
/// </summary>
public enum MeshgridIndexing
{
    /// <summary>Cartesian indexing, with the first two axes exchanged.</summary>
    XY,

    /// <summary>Matrix indexing.</summary>
    IJ,
}
