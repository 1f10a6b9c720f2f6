namespace DotMlx;

/// <summary>Stands in for a leaf's array until the leaf is read: a part of an array that many leaves share.</summary>
internal abstract class LeafView
{
    /// <summary>The current array that contains this part; evaluating it evaluates the part.</summary>
    internal abstract MlxArray Whole { get; }

    /// <summary>Creates a separate array from the part; it belongs to no scope.</summary>
    internal abstract MlxArray Make();
}
