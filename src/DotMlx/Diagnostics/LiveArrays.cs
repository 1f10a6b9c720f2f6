using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Counts arrays as they are made and freed, lends them their guards, and remembers where they were made while asked to.
/// </summary>
internal static class LiveArrays
{
    private static readonly Lock Gate = new();

    // Each thread counts for itself: a shared counter would cost every operation a contended cache line.
    private static readonly List<WeakReference<PerThread>> Threads = [];
    private static long createdByEndedThreads;
    private static long freedByEndedThreads;

    // More guards than this are not kept: a thread that once disposed very many arrays would hold on to theirs.
    private const int MostSpareGuards = 4096;

    // Programs that make arrays from data, or run on an eager library, fill memory without an evaluation.
    private const long CheckMask = 127;

    private static ConcurrentDictionary<nint, AllocationRecord>? records;

    [ThreadStatic]
    private static PerThread? mine;

    internal static bool Recording => records is not null;

    internal static long CreatedTotal => Totals().Created;

    internal static long Count
    {
        get
        {
            (long created, long freed) = Totals();
            return created - freed;
        }
    }

    /// <summary>Counts an array and lends it a guard that watches its handle.</summary>
    internal static HandleGuard Created(nint handle)
    {
        PerThread thread = mine ?? Join();
        HandleGuard guard = thread.Rent();
        guard.Watch(handle, count: true);
        if ((++thread.Created & CheckMask) == 0)
        {
            MemoryPressure.Check();
        }

        return guard;
    }

    /// <summary>A guard for an array of the library's own caches, which is not counted.</summary>
    internal static HandleGuard Uncounted(nint handle)
    {
        HandleGuard guard = (mine ?? Join()).Rent();
        guard.Watch(handle, count: false);
        return guard;
    }

    /// <summary>Counts an array as freed and takes its guard back; gives the handle, or 0 if the finalizer was first.</summary>
    internal static nint Freed(HandleGuard guard)
    {
        nint handle = guard.Handle;
        if (handle != 0)
        {
            PerThread thread = mine ?? Join();
            if (guard.Counted)
            {
                thread.Freed++;
                records?.TryRemove(handle, out _);
            }

            // From the pool another array may get it at once.
            guard.Leave();
            thread.Return(guard);
        }

        return handle;
    }

    /// <summary>Counts an array as freed by the finalizer of its guard.</summary>
    internal static void Finalized(HandleGuard guard)
    {
        PerThread thread = mine ?? Join();
        thread.NeverPool();
        if (guard.Counted)
        {
            thread.Freed++;
            records?.TryRemove(guard.Handle, out _);
        }
    }

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

    private static (long Created, long Freed) Totals()
    {
        lock (Gate)
        {
            // Frees first: an array made and freed in between must not be counted as freed only.
            long freed = freedByEndedThreads;
            long created = createdByEndedThreads;
            foreach (WeakReference<PerThread> reference in Threads)
            {
                freed += reference.TryGetTarget(out PerThread? thread) ? Volatile.Read(ref thread.Freed) : 0;
            }

            foreach (WeakReference<PerThread> reference in Threads)
            {
                created += reference.TryGetTarget(out PerThread? thread) ? Volatile.Read(ref thread.Created) : 0;
            }

            return (created, freed);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static PerThread Join()
    {
        Metrics.Publish();
        var thread = new PerThread();
        lock (Gate)
        {
            // Found until its own finalizer has run.
            thread.Self = new WeakReference<PerThread>(thread, trackResurrection: true);
            Threads.Add(thread.Self);
        }

        return mine = thread;
    }

    /// <summary>What one thread keeps; its sums outlive it, its spare guards do not.</summary>
    private sealed class PerThread
    {
        internal long Created;
        internal long Freed;
        internal WeakReference<PerThread>? Self;

        private HandleGuard?[] spare = [];
        private int spareCount;
        private Pooling pooling;

        ~PerThread()
        {
            lock (Gate)
            {
                createdByEndedThreads += Created;
                freedByEndedThreads += Freed;
                Threads.Remove(Self!);
            }
        }

        internal HandleGuard Rent()
        {
            int last = spareCount - 1;
            HandleGuard?[] guards = spare;
            if ((uint)last >= (uint)guards.Length)
            {
                return Make();
            }

            HandleGuard guard = guards[last]!;
            guards[last] = null;
            spareCount = last;
            return guard;
        }

        internal void Return(HandleGuard guard)
        {
            HandleGuard?[] guards = spare;
            int count = spareCount;
            if ((uint)count < (uint)guards.Length)
            {
                guards[count] = guard;
                spareCount = count + 1;
            }
            else
            {
                Grow(guard);
            }
        }

        // A guard that is disposed by another object's finalizer may have its own still to come, and must not serve again.
        internal void NeverPool()
        {
            if (pooling != Pooling.Never)
            {
                pooling = Pooling.Never;
                (spare, spareCount) = ([], 0);
            }
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private HandleGuard Make()
        {
            // Only threads that make arrays need a pool; the finalizer's, should it make some, goes without.
            if (pooling == Pooling.Undecided)
            {
                pooling = Thread.CurrentThread.Name == ".NET Finalizer" ? Pooling.Never : Pooling.Always;
            }

            return new HandleGuard();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Grow(HandleGuard guard)
        {
            if (pooling != Pooling.Always || spare.Length >= MostSpareGuards)
            {
#pragma warning disable CA1816 // Nothing is disposed here: the guard watches nothing, so its finalizer is not worth a run.
                GC.SuppressFinalize(guard);
#pragma warning restore CA1816
                return;
            }

            Array.Resize(ref spare, Math.Max(64, 4 * spare.Length));
            spare[spareCount++] = guard;
        }

        private enum Pooling
        {
            Undecided,
            Always,
            Never,
        }
    }
}
