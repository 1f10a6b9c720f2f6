namespace DotMlx;

/// <summary>The position at which <see cref="Mx.SearchSorted"/> inserts a value among equal ones.</summary>
public enum SearchSide
{
    /// <summary>Before the equal values.</summary>
    Left,

    /// <summary>After the equal values.</summary>
    Right,
}
