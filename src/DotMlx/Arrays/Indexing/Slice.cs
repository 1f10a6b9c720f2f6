namespace DotMlx;

/// <summary>
/// Python's <c>start:stop:step</c>. Negative bounds count from the end, bounds outside the axis are clipped, and a missing bound means the
/// end of the axis in that direction.
/// </summary>
/// <param name="Start">The first position; null for the first one in the direction of the step.</param>
/// <param name="Stop">The exclusive end; null for the end of the axis.</param>
/// <param name="Step">The distance between positions, which must not be 0; negative for the reverse direction; null for 1.</param>
public readonly record struct Slice(int? Start = null, int? Stop = null, int? Step = null)
{
    /// <summary>Every position: Python's <c>:</c>.</summary>
    public static Slice All => default;

    /// <summary>The positions of a range, <c>1..3</c> or <c>..^1</c>.</summary>
    public static implicit operator Slice(Range range) => new(
        Bound(range.Start), range.End.Equals(Index.End) ? null : Bound(range.End));

    // ^0 as a start is past the end, which no negative number can express.
    private static int Bound(Index index) => !index.IsFromEnd ? index.Value : index.Value == 0 ? int.MaxValue : -index.Value;

    /// <summary>The slice for an axis of a given size: the first position, the stop, the step, and the number of positions.</summary>
    internal (int Start, int Stop, int Step, int Length) On(int size)
    {
        int step = Step ?? 1;
        if (step == 0)
        {
            throw new ArgumentException("A slice's step cannot be 0.");
        }

        int lowest = step < 0 ? -1 : 0;
        int highest = step < 0 ? size - 1 : size;
        int start = Start is { } s ? Cut(s) : step < 0 ? highest : lowest;
        int stop = Stop is { } e ? Cut(e) : step < 0 ? lowest : highest;
        long length = step > 0 ? ((long)stop - start + step - 1) / step : ((long)start - stop - step - 1) / -(long)step;
        return length <= 0 ? (0, 0, 1, 0) : (start, stop, step, (int)length);

        int Cut(int bound) => Math.Clamp(bound < 0 ? bound + size : bound, lowest, highest);
    }
}
