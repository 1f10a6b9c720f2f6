namespace DotMlx;

/// <summary>The result of <see cref="MlxArray.At"/>: index it, and then call an update method (<c>mlx.core.ArrayAt</c>).</summary>
public readonly struct ArrayAt
{
    private readonly MlxArray _array;

    internal ArrayAt(MlxArray array) => _array = array;

    /// <summary>
    /// Selects the positions to update; see <see cref="MlxArray.this[ReadOnlySpan{MlxIndex}]"/> for the kinds of index entries.
    /// </summary>
    public ArrayAtIndex this[params ReadOnlySpan<MlxIndex> index] => new(_array, index.ToArray());

    /// <inheritdoc cref="this[ReadOnlySpan{MlxIndex}]"/>
    public ArrayAtIndex this[params MlxIndex[] index] => new(_array, [.. index]);
}
