using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>Counts arrays as they are made and freed, and records where they were made if requested.</summary>
internal static class LiveArrays
{
    // How often a thread that makes arrays drains the queue of frees, and how often it checks memory. Programs that make arrays from data,
    // or run on an eager library, fill memory without an evaluation.
    private const long DrainMask = 7;
    private const long PressureMask = 127;

    private static ConcurrentDictionary<nint, AllocationRecord>? _records;

    internal static bool Recording => _records is not null;

    internal static long CreatedTotal => ThreadStates.Totals().Created;

    /// <summary>The number of arrays that were neither disposed nor found unreachable.</summary>
    internal static long Count
    {
        get
        {
            ThreadStates.Sweep();
            (long created, long freed) = ThreadStates.Totals();
            return created - freed;
        }
    }

    /// <summary>Counts an array and makes its thread watch the array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Created(MlxArray array, nint native, ThreadState thread)
    {
        thread.Watch(array, native);
        if ((++thread.Created & DrainMask) == 0)
        {
            CheckMemory(thread);
        }
    }

    /// <summary>Counts an array as freed and stops watching it; the caller keeps the array alive in the meantime.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Freed(MlxArray array, nint native, ThreadState thread)
    {
        if (thread.Unwatch(array, native))
        {
            thread.Freed++;
            Unrecord(native);
        }
    }

    /// <summary>Deletes the record of a freed array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Unrecord(nint handle) => _records?.TryRemove(handle, out _);

    internal static void Record(MlxArray array, nint handle)
    {
        if (_records is { } current)
        {
            current[handle] = new AllocationRecord(array.DType, array.ShapeArray, new StackTrace(2, fNeedFileInfo: true));
        }
    }

    internal static void Moved(nint from, nint to)
    {
        if (_records is { } current && current.TryRemove(from, out AllocationRecord? record))
        {
            current[to] = record;
        }
    }

    internal static void StartRecording() => _records ??= new ConcurrentDictionary<nint, AllocationRecord>();

    internal static void StopRecording() => _records = null;

    internal static IReadOnlyList<AllocationRecord> Records() => _records is { } current ? [.. current.Values] : [];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CheckMemory(ThreadState thread)
    {
        _ = NativeFree.TryDrain();
        if ((thread.Created & PressureMask) == 0)
        {
            MemoryPressure.Check();
            thread.Pressure.Check(thread);
        }
    }
}
