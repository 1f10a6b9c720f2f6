namespace DotMlx.NN;

/// <summary>
/// The segments of a fused weight, each of which is sharded separately. They are given as a number of equal segments (3 for fused queries,
/// keys, and values), as the positions where segments begin, or as those positions in fractions of the axis.
/// </summary>
public readonly struct ShardSegments
{
    private readonly int _count;
    private readonly int[]? _positions;
    private readonly double[]? _fractions;

    private ShardSegments(int count, int[]? positions, double[]? fractions) =>
        (_count, _positions, _fractions) = (count, positions, fractions);

    /// <summary>Equal segments.</summary>
    public static implicit operator ShardSegments(int count) => new(count, null, null);

    /// <summary>Segments that begin at the given positions, without the leading 0.</summary>
    public static implicit operator ShardSegments(int[] positions) => new(0, positions, null);

    /// <summary>Segments that begin at the given fractions of the axis, without the leading 0.</summary>
    public static implicit operator ShardSegments(double[] fractions) => new(0, null, fractions);

    internal MlxArray[] Split(MlxArray weight, int axis)
    {
        if (_fractions is not null)
        {
            int size = weight.Shape[axis < 0 ? axis + weight.NDim : axis];
            return Mx.Split(weight, [.. _fractions.Select(f => (int)(f * size))], axis);
        }
        return _positions is not null ? Mx.Split(weight, _positions, axis) : Mx.Split(weight, Math.Max(1, _count), axis);
    }
}
