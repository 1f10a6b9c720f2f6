namespace DotMlx;

/// <summary>What a leaf holds instead of an array until it is read: a part of an array that many leaves share.</summary>
internal abstract class LeafView
{
    /// <summary>The current array that this is a part of; evaluating it evaluates this part.</summary>
    internal abstract MlxArray Whole { get; }

    /// <summary>Creates a separate array from the part; it belongs to no scope.</summary>
    internal abstract MlxArray Make();
}
