namespace DotMlx.LanguageModels.Tokenizers.Unicode;

/// <summary>An immutable set of code points: sorted, disjoint, inclusive ranges.</summary>
internal sealed class CharacterSet
{
    private const int Last = 0x10FFFF;

    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly ulong _ascii0, _ascii1;

    private CharacterSet(List<(int Start, int End)> ranges)
    {
        _starts = [.. ranges.Select(range => range.Start)];
        _ends = [.. ranges.Select(range => range.End)];
        for (int point = 0; point < 64; point++)
        {
            _ascii0 |= Find(point) ? 1UL << point : 0;
            _ascii1 |= Find(point + 64) ? 1UL << point : 0;
        }
    }

    public static CharacterSet Empty { get; } = new([]);

    public IEnumerable<(int Start, int End)> Ranges => _starts.Zip(_ends);

    /// <summary>Creates a set from <paramref name="ranges"/>, which may overlap and have any order.</summary>
    public static CharacterSet Of(IEnumerable<(int Start, int End)> ranges)
    {
        var merged = new List<(int Start, int End)>();
        foreach ((int start, int end) in ranges.Order())
        {
            if (merged.Count > 0 && start <= merged[^1].End + 1)
                merged[^1] = (merged[^1].Start, Math.Max(end, merged[^1].End));
            else
                merged.Add((start, end));
        }
        return new CharacterSet(merged);
    }

    public static CharacterSet Of(params int[] points) => Of(points.Select(point => (point, point)));

    public bool Contains(int point) => point switch
    {
        < 64 => (_ascii0 >> point & 1) != 0,
        < 128 => (_ascii1 >> point & 1) != 0,
        _ => Find(point),
    };

    public CharacterSet Union(CharacterSet other) => Of(Ranges.Concat(other.Ranges));

    public CharacterSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach ((int start, int end) in Ranges)
        {
            if (start > next)
                gaps.Add((next, start - 1));
            next = end + 1;
        }
        if (next <= Last)
            gaps.Add((next, Last));
        return new CharacterSet(gaps);
    }

    public CharacterSet Intersect(CharacterSet other) => Complement().Union(other.Complement()).Complement();

    private bool Find(int point)
    {
        int index = Array.BinarySearch(_starts, point);
        return index >= 0 || ~index > 0 && point <= _ends[~index - 1];
    }
}
