namespace DotMlx.LanguageModels;

/// <summary>A cache that stores keys and values in one array each, with the number of positions that <see cref="Held"/> returns.</summary>
internal abstract class BufferedCache(int step) : LayerCache
{
    internal override IEnumerable<MlxArray> Arrays => Keys.Array is null ? [] : [Keys.Array, Values.Array!];

    private protected GrowingBuffer Keys { get; } = new(step);

    private protected GrowingBuffer Values { get; } = new(step);

    /// <summary>Returns the number of positions in the buffers after the cache has processed <paramref name="offset"/> positions.</summary>
    private protected abstract int Held(int offset);

    internal override IReadOnlyList<MlxArray> Capture() =>
        Offset == 0 ? [] : [Keys.Read(0, Held(Offset)), Values.Read(0, Held(Offset))];

    internal override void Restore(IReadOnlyList<MlxArray> arrays, int offset)
    {
        CacheFiles.CheckArrays(Kind, arrays, 2, Held(offset), exact: true);
        Offset = offset;
        if (offset > 0)
        {
            Keys.Become(arrays[0].Share());
            Values.Become(arrays[1].Share());
        }
    }

    internal override void Select(MlxArray rows)
    {
        if (Keys.Array is not null)
        {
            Keys.Become(Mx.Take(Keys.Array, rows, axis: 0));
            Values.Become(Mx.Take(Values.Array!, rows, axis: 0));
        }
    }

    public override void Dispose()
    {
        Offset = 0;
        Keys.Dispose();
        Values.Dispose();
    }
}
