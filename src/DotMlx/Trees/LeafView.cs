namespace DotMlx;

/// <summary>What a leaf holds instead of an array until somebody looks: a part of an array that many leaves share.</summary>
internal abstract class LeafView
{
    /// <summary>The array that this is a part of, as it is now; evaluating it evaluates this.</summary>
    internal abstract MlxArray Whole { get; }

    /// <summary>Makes the part an array of its own, which belongs to no scope.</summary>
    internal abstract MlxArray Make();
}
