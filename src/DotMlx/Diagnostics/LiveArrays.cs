using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Counts arrays as they are made and freed, lends them their guards, and remembers where they were made while asked to.
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

    /// <summary>Counts an array and lends it a guard that watches its handle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static HandleGuard Created(MlxArray array, nint handle, ThreadState thread)
    {
        HandleGuard guard = thread.Lend(array, handle, counted: true);
        if ((++thread.Created & OftenMask) == 0)
        {
            LookAround(thread);
        }

        return guard;
    }

    /// <summary>A guard for an array of the library's own caches, which is not counted.</summary>
    internal static HandleGuard Uncounted(MlxArray array, nint handle) => ThreadState.Current.Lend(array, handle, counted: false);

    /// <summary>Counts an array as freed and gives its guard back; the array must be kept alive meanwhile.</summary>
    /// <returns>The native array.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint Freed(HandleGuard guard, ThreadState thread)
    {
        nint handle = guard.Handle;
        if (guard.Counted)
        {
            thread.Freed++;
            Unrecord(handle);
        }

        // Another array may get it at once.
        thread.GiveBack(guard);
        return handle;
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
