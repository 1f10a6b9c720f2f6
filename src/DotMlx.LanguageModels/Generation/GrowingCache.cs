using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>A cache that keeps every position.</summary>
internal sealed class GrowingCache(int step) : BufferedCache(step)
{
    internal override string Kind => "growing";

    internal override int Trimmable => Offset;

    internal override MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings)
    {
        Keys.Write(keys, Offset);
        Values.Write(values, Offset);
        Offset += pass.Length;

        // A position outside the window of the first query is outside the windows of all queries.
        int first = settings.Window is { } window ? Math.Max(0, pass.Offset + 1 - window) : 0;
        using MlxArray allKeys = Keys.Read(first, Offset);
        using MlxArray allValues = Values.Read(first, Offset);
        return AttentionKernel.Attend(queries, allKeys, allValues, first, pass, settings);
    }

    private protected override int Held(int offset) => offset;
}
