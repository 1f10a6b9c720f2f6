using System.Diagnostics;

namespace DotMlx;

/// <summary>
/// A thread that leaves many small arrays unreachable makes the C library's heap large and cold long before the garbage collector runs,
/// because to the collector an array is 40 bytes. This class requests a collection after some thousands of arrays that were not disposed,
/// if collections find any and cost little.
/// </summary>
internal sealed class CountPressure
{
    private const long Least = 1 << 12;

    // Of all threads together. Metal has at most 499,000 buffers, and the arrays that a program keeps need some of them.
    private const long Most = 1 << 17;

    // Parts of the time between two collections: one that takes more should come less often, one that takes less may come more often.
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
