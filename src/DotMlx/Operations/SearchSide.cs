namespace DotMlx;

/// <summary>The position at which <see cref="Mx.SearchSorted"/> inserts a value among equal ones.</summary>
public enum SearchSide
{
    /// <summary>Before them.</summary>
    Left,

    /// <summary>After them.</summary>
    Right,
}
