using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Counts arrays as they are made and freed, and remembers where they were made while asked to.
/// </summary>
internal static class LiveArrays
{
    // How often a thread that makes arrays looks whether some are to be freed, and whether memory is to be cared for. Programs that
    // make arrays from data, or run on an eager library, fill memory without an evaluation.
    private const long OftenMask = 7;
    private const long SeldomMask = 127;

    private static ConcurrentDictionary<nint, AllocationRecord>? records;

    internal static bool Recording => records is not null;

    internal static long CreatedTotal => ThreadStates.Totals().Created;

    /// <summary>Arrays neither disposed nor found forgotten by the collector.</summary>
    internal static long Count
    {
        get
        {
            ThreadStates.Sweep();
            (long created, long freed) = ThreadStates.Totals();
            return created - freed;
        }
    }

    /// <summary>Counts an array and has its thread watch it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Created(MlxArray array, nint native, ThreadState thread)
    {
        thread.Watch(array, native);
        if ((++thread.Created & OftenMask) == 0)
        {
            LookAround(thread);
        }
    }

    /// <summary>Counts an array as freed and watches it no longer; the array must be kept alive meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Freed(MlxArray array, nint native, ThreadState thread)
    {
        if (thread.Unwatch(array, native))
        {
            thread.Freed++;
            Unrecord(native);
        }
    }

    /// <summary>Forgets where an array was made that is no more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unrecord(nint handle) => records?.TryRemove(handle, out _);

    internal static void Record(MlxArray array, nint handle)
    {
        if (records is { } current)
        {
            current[handle] = new AllocationRecord(array.DType, array.ShapeArray, new StackTrace(2, fNeedFileInfo: true));
        }
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LookAround(ThreadState thread)
    {
        _ = NativeFree.TakeAlong();
        if ((thread.Created & SeldomMask) == 0)
        {
            MemoryPressure.Check();
            thread.Pressure.Check(thread);
        }
    }
}
