namespace DotMlx.NN;

/// <summary>
/// The parts that a fused weight consists of, each of which is sharded on its own: a number of equal parts (3 for fused queries, keys
/// and values), positions where parts begin, or the same as fractions of the axis.
/// </summary>
public readonly struct ShardSegments
{
    private readonly int _count;
    private readonly int[]? _positions;
    private readonly double[]? _fractions;

    private ShardSegments(int count, int[]? positions, double[]? fractions) => (_count, _positions, _fractions) = (count, positions, fractions);

    /// <summary>Equal parts.</summary>
    public static implicit operator ShardSegments(int count) => new(count, null, null);

    /// <summary>Parts that begin at the given positions, the first at 0 left out.</summary>
    public static implicit operator ShardSegments(int[] positions) => new(0, positions, null);

    /// <summary>Parts that begin at the given fractions of the axis, the first at 0 left out.</summary>
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
