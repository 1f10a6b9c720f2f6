namespace DotMlx.Tests.NN;

/// <summary>An array of doubles with plain indexing, for layers as loops.</summary>
internal sealed class PlainGrid
{
    internal PlainGrid(params int[] shape)
        : this(new double[shape.Aggregate(1, (product, size) => product * size)], shape)
    {
    }

    internal PlainGrid(double[] values, params int[] shape) => (Values, Shape) = (values, shape);

    internal PlainGrid(MlxArray array)
        : this(Golden.ToDoubles(array), array.Shape.ToArray())
    {
    }

    internal double[] Values { get; }

    internal int[] Shape { get; }

    internal double this[params int[] index]
    {
        get => Values[Offset(index)];
        set => Values[Offset(index)] = value;
    }

    /// <summary>Every index, in row-major order.</summary>
    internal IEnumerable<int[]> Indices()
    {
        int[] index = new int[Shape.Length];
        for (int i = 0; i < Values.Length; i++)
        {
            yield return [.. index];
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == Shape[axis]; axis--)
            {
                index[axis] = 0;
            }
        }
    }

    internal static PlainGrid Of(Func<int[], double> value, params int[] shape)
    {
        PlainGrid grid = new(shape);
        foreach (int[] index in grid.Indices())
        {
            grid[index] = value(index);
        }

        return grid;
    }

    private int Offset(int[] index)
    {
        int offset = 0;
        for (int axis = 0; axis < Shape.Length; axis++)
        {
            offset = (offset * Shape[axis]) + index[axis];
        }

        return offset;
    }
}
