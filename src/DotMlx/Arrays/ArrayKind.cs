namespace DotMlx;

/// <summary>
/// A shape and a dtype that many arrays have in common, as one object to which the arrays refer (<see cref="MlxArray.Kind"/>), because
/// comparing references is cheaper than asking MLX. An array that is changed in place loses its kind.
/// </summary>
internal sealed class ArrayKind(int[] shape, DType dtype)
{
    private const int Most = 256;

    private static readonly ArrayKind?[] Known = new ArrayKind?[Most];

    internal int[] Shape => shape;

    internal DType DType => dtype;

    /// <summary>Returns the object for a shape and a dtype; usually, but not always, the same object.</summary>
    internal static ArrayKind Of(ReadOnlySpan<int> shape, DType dtype)
    {
        HashCode hash = default;
        hash.Add(dtype);
        foreach (int side in shape)
        {
            hash.Add(side);
        }

        ref ArrayKind? entry = ref Known[(uint)hash.ToHashCode() % Most];
        ArrayKind? known = Volatile.Read(ref entry);
        if (known is null || known.DType != dtype || !shape.SequenceEqual(known.Shape))
        {
            known = new ArrayKind(shape.ToArray(), dtype);
            Volatile.Write(ref entry, known);
        }

        return known;
    }

    /// <summary>Whether both kinds have the same shape and dtype.</summary>
    internal bool Equals(ArrayKind other) =>
        ReferenceEquals(this, other) || (dtype == other.DType && shape.AsSpan().SequenceEqual(other.Shape));
}
