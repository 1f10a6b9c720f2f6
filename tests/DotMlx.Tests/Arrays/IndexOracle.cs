using System.Globalization;

namespace DotMlx.Tests.Arrays;

/// <summary>
/// NumPy's indexing as plain loops over coordinates, from Python's notation: <c>1, -2, 1:3, ::-1, None, ..., [0 2], [[0 1][2 3]]</c>.
/// </summary>
internal sealed class IndexOracle
{
    private readonly int[] _shape;
    private readonly List<(string Kind, int[] Positions, int[] Shape)> _entries = [];

    internal IndexOracle(string expression, int[] shape)
    {
        _shape = shape;
        string[] parts = expression.Split(',', StringSplitOptions.TrimEntries);
        int consuming = parts.Count(part => part is not ("None" or "..."));
        int axis = 0;
        var index = new List<MlxIndex>();
        foreach (string part in parts)
        {
            if (part == "None")
            {
                index.Add(Mx.NewAxis);
                _entries.Add(("new", [], []));
            }
            else if (part == "...")
            {
                index.Add(Mx.Ellipsis);
                for (int i = shape.Length - consuming; i > 0; i--)
                {
                    _entries.Add(("slice", [.. Enumerable.Range(0, shape[axis++])], []));
                }
            }
            else if (part.StartsWith('['))
            {
                AddArray(part, shape[axis++], index);
            }
            else if (part.Contains(':', StringComparison.Ordinal))
            {
                AddSlice(part, shape[axis++], index);
            }
            else
            {
                int position = int.Parse(part, CultureInfo.InvariantCulture);
                index.Add(position);
                _entries.Add(("position", [position < 0 ? position + shape[axis] : position], []));
                axis++;
            }
        }

        for (; axis < shape.Length; axis++)
        {
            _entries.Add(("slice", [.. Enumerable.Range(0, shape[axis])], []));
        }

        Index = [.. index];
        Walk();
    }

    internal MlxIndex[] Index { get; }

    internal int[] ResultShape { get; private set; } = [];

    /// <summary>Returns the flat source position of each element of the result, in row-major order.</summary>
    internal int[] Sources { get; private set; } = [];

    private void AddArray(string text, int size, List<MlxIndex> index)
    {
        bool matrix = text.StartsWith("[[", StringComparison.Ordinal);
        int[][] rows = [.. text.Trim('[', ']').Split("][").Select(row => row
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray())];
        int[] values = [.. rows.SelectMany(row => row)];
        int[] arrayShape = matrix ? [rows.Length, rows[0].Length] : [values.Length];
        index.Add(matrix ? MlxArray.Create(values, arrayShape) : values);
        _entries.Add(("array", [.. values.Select(v => v < 0 ? v + size : v)], arrayShape));
    }

    private void AddSlice(string text, int size, List<MlxIndex> index)
    {
        int?[] parts = [.. text.Split(':').Select(p => p.Length == 0 ? (int?)null : int.Parse(p, CultureInfo.InvariantCulture))];
        int? start = parts[0];
        int? stop = parts[1];
        int step = parts.Length > 2 ? parts[2] ?? 1 : 1;
        index.Add(new Slice(start, stop, parts.Length > 2 ? parts[2] : null));

        // Tests for every position whether a step-by-step walk from the start reaches it.
        var positions = new List<int>();
        int from = start ?? (step > 0 ? 0 : size - 1);
        int to = stop ?? (step > 0 ? size : -size - 1);
        from = from < 0 ? from + size : from;
        to = to < 0 ? to + size : to;
        from = step > 0 ? Math.Max(from, 0) : Math.Min(from, size - 1);
        for (int i = from; step > 0 ? i < to && i < size : i > to && i >= 0; i += step)
        {
            positions.Add(i);
        }

        _entries.Add(("slice", [.. positions], []));
    }

    private void Walk()
    {
        int[] gathered = [];
        foreach (var (kind, _, arrayShape) in _entries.Where(e => e.Kind == "array"))
        {
            int[] wider = new int[Math.Max(gathered.Length, arrayShape.Length)];
            for (int i = 1; i <= wider.Length; i++)
            {
                wider[^i] = Math.Max(i <= gathered.Length ? gathered[^i] : 1, i <= arrayShape.Length ? arrayShape[^i] : 1);
            }

            gathered = wider;
        }

        bool hasArrays = _entries.Exists(e => e.Kind == "array");
        int[] advanced = [.. _entries.Index().Where(e => e.Item.Kind is "array" or "position").Select(e => e.Index)];
        bool together = advanced.Length == 0 || advanced[^1] - advanced[0] + 1 == advanced.Length;

        // Returns the result's dimensions: (entry, or -1 for the gathered ones; size)
        var dimensions = new List<(int Entry, int Gathered, int Size)>();
        bool placed = !hasArrays;
        void Place()
        {
            placed = true;
            dimensions.AddRange(gathered.Select((size, i) => (-1, i, size)));
        }

        if (hasArrays && !together)
        {
            Place();
        }

        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Kind == "slice")
            {
                dimensions.Add((i, -1, _entries[i].Positions.Length));
            }
            else if (_entries[i].Kind == "new")
            {
                dimensions.Add((i, -1, 1));
            }
            else if (!placed)
            {
                Place();
            }
        }

        ResultShape = [.. dimensions.Select(d => d.Size)];
        int total = ResultShape.Aggregate(1, (product, size) => product * size);
        Sources = new int[total];
        for (int flat = 0; flat < total; flat++)
        {
            int[] at = new int[dimensions.Count];
            for (int d = dimensions.Count - 1, left = flat; d >= 0; left /= Math.Max(ResultShape[d], 1), d--)
            {
                at[d] = left % ResultShape[d];
            }

            int source = 0;
            int axis = 0;
            for (int e = 0; e < _entries.Count; e++)
            {
                if (_entries[e].Kind == "new")
                {
                    continue;
                }

                int position = _entries[e].Kind switch
                {
                    "position" => _entries[e].Positions[0],
                    "slice" => _entries[e].Positions[at[dimensions.FindIndex(d => d.Entry == e)]],
                    _ => Lookup(_entries[e].Positions, _entries[e].Shape),
                };
                source = (source * _shape[axis++]) + position;
            }

            Sources[flat] = source;

            int Lookup(int[] values, int[] arrayShape)
            {
                int index = 0;
                for (int i = 0; i < arrayShape.Length; i++)
                {
                    int g = gathered.Length - arrayShape.Length + i;
                    int d = dimensions.FindIndex(dimension => dimension.Entry == -1 && dimension.Gathered == g);
                    index = (index * arrayShape[i]) + (arrayShape[i] == 1 ? 0 : at[d]);
                }

                return values[index];
            }
        }
    }
}
