using System.Diagnostics;

namespace DotMlx;

/// <summary>
/// Requests a collection after several thousand arrays that were not disposed, as long as collections find unreachable arrays and cost
/// little. To the garbage collector, an array has only 40 bytes, so a thread that leaves many small arrays unreachable would make the C
/// library's heap large and cold long before a collection runs on its own.
/// </summary>
internal sealed class CountPressure
{
    private const long MinAllowed = 1 << 12;

    // For all threads together. Metal allows at most 499,000 buffers, and the arrays that a program keeps need some of them.
    private const long MaxAllowed = 1 << 17;

    // A collection is expensive, and runs less often, if it takes more than a third of the time since the previous one. It is inexpensive,
    // and may run more often, below a sixth.
    private const long ExpensiveDivisor = 3;
    private const long InexpensiveDivisor = 6;

    private long _allowed = MinAllowed;
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
        if (made >= Math.Min(_allowed, Math.Max(MaxAllowed / ThreadStates.Count, MinAllowed)))
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
        if (unreachable < made / 4 || end - start > between / ExpensiveDivisor)
        {
            _allowed = Math.Min(2 * _allowed, MaxAllowed);
        }
        else if (unreachable > made / 2 && end - start < between / InexpensiveDivisor)
        {
            _allowed = Math.Max(_allowed / 2, MinAllowed);
        }

        _lastCollection = end;
        _floor = thread.Excess;
    }
}
