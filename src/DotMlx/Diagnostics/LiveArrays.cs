using System.Collections.Concurrent;
using System.Diagnostics;

namespace DotMlx;

/// <summary>Counts arrays as they are made and freed, and remembers where they were made while asked to.</summary>
internal static class LiveArrays
{
    // Each thread counts for itself: a shared counter would cost every operation a contended cache line.
    private static readonly ConcurrentBag<Counter> Counters = [];

    // Programs that make arrays from data, or run on an eager library, fill memory without an evaluation.
    private const long CheckMask = 127;

    private static ConcurrentDictionary<nint, AllocationRecord>? records;

    [ThreadStatic]
    private static Counter? mine;

    internal static bool Recording => records is not null;

    internal static long CreatedTotal => Sum(static counter => counter.Created);

    internal static long FreedTotal => Sum(static counter => counter.Freed);

    // Frees first: an array made and freed in between must not be counted as freed only.
    internal static long Count
    {
        get
        {
            long freed = FreedTotal;
            return CreatedTotal - freed;
        }
    }

    internal static void Created(MlxArray array, nint handle)
    {
        if ((++(mine ?? Join()).Created & CheckMask) == 0)
        {
            MemoryPressure.Check();
        }

        if (records is { } current)
        {
            current[handle] = new AllocationRecord(array.DType, array.ShapeArray, new StackTrace(2, fNeedFileInfo: true));
        }
    }

    internal static void Freed(nint handle)
    {
        (mine ?? Join()).Freed++;
        records?.TryRemove(handle, out _);
    }

    internal static void Moved(nint from, nint to)
    {
        if (records is { } current && current.TryRemove(from, out AllocationRecord? record))
        {
            current[to] = record;
        }
    }

    internal static void StartRecording() => records ??= new ConcurrentDictionary<nint, AllocationRecord>();

    internal static void StopRecording() => records = null;

    internal static IReadOnlyList<AllocationRecord> Records() => records is { } current ? [.. current.Values] : [];

    private static long Sum(Func<Counter, long> of)
    {
        long sum = 0;
        foreach (Counter counter in Counters)
        {
            sum += of(counter);
        }

        return sum;
    }

    private static Counter Join()
    {
        Metrics.Publish();
        var counter = new Counter();
        Counters.Add(counter);
        return mine = counter;
    }

    private sealed class Counter
    {
        internal long Created;
        internal long Freed;
    }
}
