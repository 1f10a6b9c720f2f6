namespace DotMlx;

// Overloads with arrays instead of spans: C# prefers the spans, but F# and Visual Basic support params only with arrays.
public sealed unsafe partial class MlxArray
{
    /// <summary>Reads or replaces a part of the array, as the indexer with a span does, for languages without such parameters.</summary>
    /// <param name="index">One entry for each axis, or fewer.</param>
    /// <exception cref="ArgumentOutOfRangeException">A position is outside its axis.</exception>
    /// <exception cref="ArgumentException">There are more entries than dimensions, or the shapes can't be broadcast.</exception>
    /// <exception cref="NotSupportedException">A boolean mask is used for reading or together with other entries.</exception>
    [System.Runtime.CompilerServices.IndexerName("Element")]
    public MlxArray this[params MlxIndex[] index]
    {
        get => this[(ReadOnlySpan<MlxIndex>)index];
        set => this[(ReadOnlySpan<MlxIndex>)index] = value;
    }

    /// <inheritdoc cref="Create{T}(T[], ReadOnlySpan{int})"/>
    public static MlxArray Create<T>(T[] data, params int[] shape)
        where T : unmanaged => Create(data, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="FromMemory{T}(Memory{T}, ReadOnlySpan{int})"/>
    public static MlxArray FromMemory<T>(Memory<T> memory, params int[] shape)
        where T : unmanaged => FromMemory(memory, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Reshape(ReadOnlySpan{int})"/>
    public MlxArray Reshape(params int[] shape) => Mx.Reshape(this, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="BroadcastTo(ReadOnlySpan{int})"/>
    public MlxArray BroadcastTo(params int[] shape) => Mx.BroadcastTo(this, (ReadOnlySpan<int>)shape);

    /// <inheritdoc cref="Transpose(ReadOnlySpan{int})"/>
    public MlxArray Transpose(params int[] axes) => Mx.Transpose(this, (ReadOnlySpan<int>)axes);

    /// <summary>The power, for F#'s operator <c>**</c>; see <see cref="Mx.Power"/>.</summary>
    public static MlxArray Pow(MlxArray a, MlxArray b) => Mx.Power(a, b);

    /// <summary>The power with an integer, for F#'s operator <c>**</c>; see <see cref="Mx.Power"/>.</summary>
    public static MlxArray Pow(MlxArray a, int b) => Mx.Power(a, b);

    /// <summary>The power with a number, for F#'s operator <c>**</c>; see <see cref="Mx.Power"/>.</summary>
    public static MlxArray Pow(MlxArray a, float b) => Mx.Power(a, b);

    /// <summary>The power with a number, for F#'s operator <c>**</c>; see <see cref="Mx.Power"/>.</summary>
    public static MlxArray Pow(MlxArray a, double b) => Mx.Power(a, b);
}
