using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>A cache that keeps every position.</summary>
internal sealed class GrowingCache(int step) : LayerCache
{
    private readonly GrowingBuffer _keys = new(step);
    private readonly GrowingBuffer _values = new(step);

    internal override string Kind => "growing";

    internal override int Trimmable => Offset;

    internal override IEnumerable<MlxArray> Arrays => _keys.Array is null ? [] : [_keys.Array, _values.Array!];

    internal override MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings)
    {
        _keys.Write(keys, Offset);
        _values.Write(values, Offset);
        Offset += pass.Length;

        // What is outside the window of the first query is outside those of all.
        int first = settings.Window is { } window ? Math.Max(0, pass.Offset + 1 - window) : 0;
        using MlxArray allKeys = _keys.Read(first, Offset);
        using MlxArray allValues = _values.Read(first, Offset);
        return AttentionKernel.Attend(queries, allKeys, allValues, first, pass, settings);
    }

    internal override IReadOnlyList<MlxArray> Capture() => Offset == 0 ? [] : [_keys.Read(0, Offset), _values.Read(0, Offset)];

    internal override void Restore(IReadOnlyList<MlxArray> arrays, int offset)
    {
        CacheFiles.CheckArrays(Kind, arrays, 2, offset, exact: true);
        Offset = offset;
        if (offset > 0)
        {
            _keys.Become(arrays[0].Share());
            _values.Become(arrays[1].Share());
        }
    }

    internal override void Select(MlxArray rows)
    {
        if (_keys.Array is not null)
        {
            _keys.Become(Mx.Take(_keys.Array, rows, axis: 0));
            _values.Become(Mx.Take(_values.Array!, rows, axis: 0));
        }
    }

    public override void Dispose()
    {
        Offset = 0;
        _keys.Dispose();
        _values.Dispose();
    }
}
