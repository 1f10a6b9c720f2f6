using System.Diagnostics;

namespace DotMlx;

/// <summary>
/// Requests a collection after some thousands of arrays that were not disposed, as long as collections find unreachable arrays and cost
/// little. To the garbage collector an array is only 40 bytes, so a thread that leaves many small arrays unreachable would make the C
/// library's heap large and cold long before a collection runs on its own.
/// </summary>
internal sealed class CountPressure
{
    private const long Least = 1 << 12;

    // For all threads together. Metal allows at most 499,000 buffers, and the arrays that a program keeps need some of them.
    private const long Most = 1 << 17;

    // Fractions of the time between two collections. A collection that takes more runs less often; one that takes less may run more often.
    private const long Dear = 3;
    private const long Cheap = 6;

    private long _allowed = Least;
    private long _floor;
    private long _lastCollection;

    /// <summary>Checks the arrays of the calling thread.</summary>
    internal void Check(ThreadState thread)
    {
        if (thread.IsDue)
        {
            thread.SweepOwn();
            _floor = thread.Excess;
            return;
        }

        thread.Settle();
        long made = thread.Excess - _floor;
        if (made >= Math.Min(_allowed, Math.Max(Most / ThreadStates.Count, Least)))
        {
            Collect(thread, made);
        }
    }

    private void Collect(ThreadState thread, long made)
    {
        long start = Stopwatch.GetTimestamp();
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
        int unreachable = thread.SweepOwn();
        long end = Stopwatch.GetTimestamp();
        long between = start - _lastCollection;
        if (unreachable < made / 4 || end - start > between / Dear)
        {
            _allowed = Math.Min(2 * _allowed, Most);
        }
        else if (unreachable > made / 2 && end - start < between / Cheap)
        {
            _allowed = Math.Max(_allowed / 2, Least);
        }

        _lastCollection = end;
        _floor = thread.Excess;
    }
}
