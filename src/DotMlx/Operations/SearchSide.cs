namespace DotMlx;

/// <summary>Where <see cref="Mx.SearchSorted"/> puts a value among equal ones.</summary>
public enum SearchSide
{
    /// <summary>Before them.</summary>
    Left,

    /// <summary>Behind them.</summary>
    Right,
}
