using DotMlx.Bindings;

namespace DotMlx;

public sealed unsafe partial class MlxArray
{
    /// <summary>
    /// Reads or replaces a part of the array, by NumPy's rules (<c>array.__getitem__</c>, <c>__setitem__</c>). An entry is a position
    /// (<c>2</c>, <c>-1</c>, <c>^1</c>), a range (<c>1..3</c>), a <see cref="Slice"/>, an integer array or list, <see cref="Mx.NewAxis"/>,
    /// or <see cref="Mx.Ellipsis"/>. When writing, a boolean mask over the leading axes may be the only entry. Axes without an entry are
    /// selected completely.
    /// </summary>
    /// <remarks>
    /// Writing makes this object refer to the changed array, as in Python; arrays that were computed from it keep their values. The value
    /// is converted to the array's type and broadcast. Index arrays are evaluated to check their bounds, except under a transform.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">A position is outside its axis.</exception>
    /// <exception cref="ArgumentException">There are more entries than dimensions, or the shapes can't be broadcast.</exception>
    /// <exception cref="NotSupportedException">A boolean mask is used for reading or together with other entries.</exception>
    [System.Runtime.CompilerServices.IndexerName("Element")] // Item is the method that reads a number.
    public MlxArray this[params ReadOnlySpan<MlxIndex> index]
    {
        get => IndexReader.Read(this, index);
        set
        {
            using MlxArray changed = IndexWriter.Write(this, index, value, UpdateKind.Set);
            ReplaceHandle(changed.TakeHandle());
        }
    }

    /// <summary>Updates that apply once per occurrence of a repeated position: <c>a.At[index].Add(value)</c> (<c>array.at</c>).</summary>
    public ArrayAt At => new(this);

    /// <summary>Enumerates the subarrays along the first axis, for <c>foreach</c>; each one is created on demand.</summary>
    /// <exception cref="InvalidOperationException">The array is a scalar.</exception>
    public IEnumerator<MlxArray> GetEnumerator() => Rows().GetEnumerator();

    /// <summary>Returns the subarrays along the first axis as a sequence.</summary>
    /// <exception cref="InvalidOperationException">The array is a scalar.</exception>
    public IEnumerable<MlxArray> Rows()
    {
        return NDim > 0 ? Each() : throw new InvalidOperationException("A scalar array cannot be iterated over.");

        IEnumerable<MlxArray> Each()
        {
            int count = Dim(0);
            for (int i = 0; i < count; i++)
            {
                yield return this[i];
            }
        }
    }

    /// <summary>Takes the handle out of this object, which is then effectively disposed.</summary>
    internal mlx_array TakeHandle()
    {
        nint handle = NativeFree.Claim(this, out _);
        if (handle == 0)
        {
            throw Disposed();
        }

        LiveArrays.Freed(this, handle, ThreadState.Current);
        GC.KeepAlive(this);
        return new mlx_array { ctx = (void*)handle };
    }
}
