namespace DotMlx;

/// <summary>
/// Updates that apply once per occurrence of a position in the index, whereas <c>a[index] += value</c> applies once per position. Each
/// method returns a new array and doesn't change the original.
/// </summary>
public readonly struct ArrayAtIndex
{
    private readonly MlxArray _array;
    private readonly MlxIndex[] _index;

    internal ArrayAtIndex(MlxArray array, MlxIndex[] index)
    {
        _array = array;
        _index = index;
    }

    /// <summary>Adds (<c>a.at[index].add</c>).</summary>
    /// <param name="value">The value, broadcast to the indexed shape and converted to the array's type.</param>
    public MlxArray Add(MlxArray value) => Update(value, UpdateKind.Add);

    /// <summary>Subtracts (<c>a.at[index].subtract</c>).</summary>
    /// <inheritdoc cref="Add"/>
    public MlxArray Subtract(MlxArray value) => Update(value, UpdateKind.Subtract);

    /// <summary>Multiplies (<c>a.at[index].multiply</c>).</summary>
    /// <inheritdoc cref="Add"/>
    public MlxArray Multiply(MlxArray value) => Update(value, UpdateKind.Multiply);

    /// <summary>Divides (<c>a.at[index].divide</c>).</summary>
    /// <inheritdoc cref="Add"/>
    public MlxArray Divide(MlxArray value) => Update(value, UpdateKind.Divide);

    /// <summary>Replaces each element by the larger of the element and the value (<c>a.at[index].maximum</c>).</summary>
    /// <inheritdoc cref="Add"/>
    public MlxArray Maximum(MlxArray value) => Update(value, UpdateKind.Maximum);

    /// <summary>Replaces each element by the smaller of the element and the value (<c>a.at[index].minimum</c>).</summary>
    /// <inheritdoc cref="Add"/>
    public MlxArray Minimum(MlxArray value) => Update(value, UpdateKind.Minimum);

    private MlxArray Update(MlxArray value, UpdateKind kind) => _array is null
        ? throw new InvalidOperationException("Index first: a.At[index].Add(value).")
        : IndexWriter.Write(_array, _index, value, kind);
}
