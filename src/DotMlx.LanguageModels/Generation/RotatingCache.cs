using DotMlx.LanguageModels.Architectures;

namespace DotMlx.LanguageModels;

/// <summary>
/// A cache for a sliding window that keeps as many positions as a query sees. Position p is stored at index p modulo the window, so that
/// the newest position overwrites the oldest.
/// </summary>
internal sealed class RotatingCache(int window, int step) : BufferedCache(step)
{
    internal override string Kind => "rotating";

    /// <summary>Overwritten positions can't be restored.</summary>
    internal override int Trimmable => Offset <= window ? Offset : 0;

    private int Used => Held(Offset);

    internal override MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, ForwardPass pass, in AttentionSettings settings)
    {
        if (pass.Length == 1)
        {
            Keys.Write(keys, Offset % window, window);
            Values.Write(values, Offset % window, window);
            Offset++;

            // The query sees every position in the cache except padding. The order of keys matters only to the mask of the padding.
            int first = Offset - Used;
            bool ordered = first > 0 && first < pass.MaxPadding;
            using MlxArray seenKeys = ordered ? InOrder(Keys) : Keys.Read(0, Used);
            using MlxArray seenValues = ordered ? InOrder(Values) : Values.Read(0, Used);
            return AttentionKernel.Attend(queries, seenKeys, seenValues, first, pass, settings);
        }

        using MlxArray allKeys = Append(Keys, keys);
        using MlxArray allValues = Append(Values, values);
        Offset += pass.Length;
        Keep(Keys, allKeys);
        Keep(Values, allValues);
        return AttentionKernel.Attend(queries, allKeys, allValues, Offset - allKeys.Shape[2], pass, settings);
    }

    private protected override int Held(int offset) => Math.Min(offset, window);

    /// <summary>Returns, in order, the old positions that the first new position sees, and the new positions.</summary>
    private MlxArray Append(GrowingBuffer buffer, MlxArray added)
    {
        int kept = Math.Min(Offset, window - 1);
        if (kept == 0)
        {
            return added.Share();
        }
        if (Offset < window)
        {
            using MlxArray before = buffer.Read(0, kept);
            return Mx.Concatenate([before, added], axis: 2);
        }

        // The new positions don't see the oldest position, which the next one overwrites.
        int oldest = Offset % window;
        using MlxArray early = buffer.Read(Math.Min(oldest + 1, window), window);
        using MlxArray late = buffer.Read(0, oldest);
        return Mx.Concatenate([early, late, added], axis: 2);
    }

    /// <summary>Returns the positions of a full buffer, the oldest first.</summary>
    private MlxArray InOrder(GrowingBuffer buffer)
    {
        int oldest = Offset % window;
        using MlxArray early = buffer.Read(oldest, window);
        using MlxArray late = buffer.Read(0, oldest);
        return Mx.Concatenate([early, late], axis: 2);
    }

    /// <summary>Stores the last positions, each at its index modulo the window.</summary>
    private void Keep(GrowingBuffer buffer, MlxArray all)
    {
        int count = all.Shape[2];
        if (Offset <= window)
        {
            buffer.Become(all.Share());
            return;
        }
        int first = Offset % window;
        using MlxArray late = all[Mx.Ellipsis, (count - first).., ..];
        using MlxArray early = all[Mx.Ellipsis, (count - window)..(count - first), ..];
        buffer.Become(Mx.Concatenate([late, early], axis: 2));
    }
}
