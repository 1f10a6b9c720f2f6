namespace DotMlx;

/// <summary>Holds the states of all threads, and sweeps the weak handles of other threads, including threads that have ended.</summary>
internal static class ThreadStates
{
    private static readonly Lock Gate = new();
    private static readonly List<ThreadState> Running = [];

    // Threads that have ended, kept as long as their arrays live.
    private static readonly List<ThreadState> Ended = [];
    private static long _createdByGone;
    private static long _freedByGone;
    private static long _unevaluatedByGone;
    private static long _unreachable;
    private static int _count;

    /// <summary>The number of arrays ever found unreachable.</summary>
    internal static long Unreachable => Volatile.Read(ref _unreachable);

    /// <summary>The number of threads that have used arrays and aren't known to have ended; at least one.</summary>
    internal static int Count => Math.Max(1, Volatile.Read(ref _count));

    /// <summary>Counts arrays that were found unreachable.</summary>
    internal static void Found(int arrays) => Interlocked.Add(ref _unreachable, arrays);

    internal static void Add(ThreadState thread)
    {
        lock (Gate)
        {
            Running.Add(thread);
            _count = Running.Count;
        }
    }

    /// <summary>Records that the thread has ended; its arrays and counts outlive the thread.</summary>
    internal static void End(ThreadState thread)
    {
        lock (Gate)
        {
            Running.Remove(thread);
            _count = Running.Count;
            Ended.Add(thread);
            ReapEndedThreads();
        }
    }

    /// <summary>The numbers of arrays that all threads made and freed.</summary>
    internal static (long Created, long Freed) Totals()
    {
        lock (Gate)
        {
            // Reads the frees first: an array made and freed in between must not be counted as freed only.
            long freed = _freedByGone + Running.Concat(Ended).Sum(thread => thread.Freed + thread.Unreachable);
            long created = _createdByGone + Running.Concat(Ended).Sum(thread => thread.Created);
            return (created, freed);
        }
    }

    /// <summary>
    /// The number of operations that graphs of other threads may hold; a function under a transform may have captured such a graph.
    /// </summary>
    internal static long UnevaluatedByOthers(ThreadState own)
    {
        lock (Gate)
        {
            return _unevaluatedByGone + Running.Concat(Ended).Sum(thread => thread == own ? 0 : thread.UnevaluatedForOthers);
        }
    }

    /// <summary>
    /// Records that a graph was measured and isn't deep, so that operations of other threads before this moment no longer count.
    /// </summary>
    internal static void MarkMeasured(ThreadState own)
    {
        lock (Gate)
        {
            _unevaluatedByGone = 0;
            foreach (ThreadState thread in Running.Concat(Ended))
            {
                if (thread != own)
                {
                    thread.MarkMeasured();
                }
            }
        }
    }

    /// <summary>Takes the arrays of all threads that the garbage collector found unreachable since the last sweep.</summary>
    internal static void Sweep()
    {
        ThreadState own = ThreadState.Current;
        own.SweepOwn();
        lock (Gate)
        {
            List<ThreadState>? due = null;
            foreach (ThreadState thread in Running)
            {
                if (thread != own && (thread.IsDue || thread.HasLatest))
                {
                    thread.IsKeptOut = true;
                    (due ??= []).Add(thread);
                }
            }

            if (due is not null)
            {
                SweepOthers(due);
            }

            ReapEndedThreads();
        }
    }

    /// <summary>Releases the weak handles that other threads returned to a thread that has ended.</summary>
    internal static void Discard(ThreadState ended)
    {
        lock (Gate)
        {
            ended.DiscardSpare();
        }
    }

    /// <summary>Whether another thread of the program may be inside MLX.</summary>
    internal static bool IsUsedByOthers()
    {
        ThreadState own = ThreadState.Current;
        lock (Gate)
        {
            return Running.Exists(thread => thread != own && thread.MayBeInside && !thread.IsStreamThread);
        }
    }

    /// <summary>
    /// Adds the native arrays that threads protect. An array that was taken out before the call and isn't among them is unused.
    /// </summary>
    internal static void AddInUse(HashSet<nint> handles)
    {
        lock (Gate)
        {
            // From here on, each thread either sees that the handle is gone or is seen announcing it.
            Interlocked.MemoryBarrierProcessWide();
            foreach (ThreadState thread in Running)
            {
                thread.AddInUse(handles);
            }
        }
    }

    /// <summary>Waits until no thread is kept out.</summary>
    internal static void Wait()
    {
        lock (Gate)
        {
        }
    }

    private static void SweepOthers(List<ThreadState> due)
    {
        try
        {
            // From here on, each of these threads either sees that it is kept out or is seen inside.
            Interlocked.MemoryBarrierProcessWide();
            foreach (ThreadState thread in due)
            {
                var spin = default(SpinWait);
                while (thread.IsInside)
                {
                    spin.SpinOnce(sleep1Threshold: -1);
                }

                thread.Sweep();
            }
        }
        finally
        {
            foreach (ThreadState thread in due)
            {
                thread.IsKeptOut = false;
            }
        }
    }

    private static void ReapEndedThreads()
    {
        for (int i = Ended.Count - 1; i >= 0; i--)
        {
            ThreadState thread = Ended[i];
            thread.Sweep();
            thread.DiscardSpare();
            if (thread.IsEmpty)
            {
                _createdByGone += thread.Created;
                _unevaluatedByGone += thread.UnevaluatedForOthers;
                _freedByGone += thread.Freed + thread.Unreachable;
                Ended.RemoveAt(i);
            }
        }
    }
}
