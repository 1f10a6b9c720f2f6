namespace DotMlx;

/// <summary>What <see cref="MlxArray.At"/> gives: index it, then say what to do there (<c>mlx.core.ArrayAt</c>).</summary>
public readonly struct ArrayAt
{
    private readonly MlxArray _array;

    internal ArrayAt(MlxArray array) => _array = array;

    /// <summary>The positions to update; see <see cref="MlxArray.this[ReadOnlySpan{MlxIndex}]"/> for what an index can be.</summary>
    public ArrayAtIndex this[params ReadOnlySpan<MlxIndex> index] => new(_array, index.ToArray());

    /// <inheritdoc cref="this[ReadOnlySpan{MlxIndex}]"/>
    public ArrayAtIndex this[params MlxIndex[] index] => new(_array, [.. index]);
}
