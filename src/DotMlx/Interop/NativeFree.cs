using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Frees native arrays without ever waiting for an evaluation. MLX reads and rewrites graph nodes while it evaluates, and a node that
/// dies on another thread in that moment would do the same; so what is freed during an evaluation is set aside, and whoever evaluates
/// frees it afterwards. Two frees of neighbouring nodes exclude each other for the same reason. The same lock decides who takes
/// the handle out of an array that several threads dispose at once.
/// </summary>
internal static unsafe class NativeFree
{
    private const int Idle = 0;
    private const int Freeing = 1;
    private const int Evaluating = 2;

    // Somebody takes a handle out of an array while another thread evaluates, which may not end meanwhile.
    private const int Claiming = 3;

    // Small, for the C library's heap likes frees and allocations by turns; more than are made between two looks, lest it pile up.
    private const int BatchSize = 16;

    private static readonly PendingFrees Pending = new();

    // Of all copies of this library in the process, which share MLX.
    private static readonly int* State = (int*)ProcessWide.Number("NativeFree");
    private static volatile bool closed;

    /// <summary>Frees an array that belongs to nobody else.</summary>
    internal static void Free(void* array)
    {
        if (array == null)
        {
            return;
        }

        if (!TryEnter())
        {
            Postpone((nint)array);
            return;
        }

        FreeNow((nint)array, ThreadState.Current);
        Exit();
    }

    /// <summary>Frees arrays that belong to nobody else, the last one first; null stands for none.</summary>
    internal static void Free(ReadOnlySpan<mlx_array> arrays)
    {
        while (!arrays.IsEmpty)
        {
            // A few at a time: others who free or evaluate wait meanwhile.
            ReadOnlySpan<mlx_array> last = arrays[Math.Max(0, arrays.Length - BatchSize)..];
            arrays = arrays[..^last.Length];
            bool entered = TryEnter();
            ThreadState thread = ThreadState.Current;
            for (int i = last.Length - 1; i >= 0; i--)
            {
                if (last[i].ctx == null)
                {
                    continue;
                }

                if (entered)
                {
                    FreeNow((nint)last[i].ctx, thread);
                }
                else
                {
                    Pending.Add((nint)last[i].ctx);
                }
            }

            if (entered)
            {
                Exit();
            }
            else
            {
                FreeAll();
            }
        }
    }

    /// <summary>Frees what an array stands for; nothing, where another thread came first. The caller keeps the array alive.</summary>
    internal static void Free(MlxArray array)
    {
        if (!TryEnter())
        {
            FreeBesideOthers(array);
            return;
        }

        nint native = array.TakeNative();
        if (native != 0 && !Arena.IsBorrowed(array))
        {
            ThreadState thread = ThreadState.Current;
            LiveArrays.Freed(array, native, thread);
            FreeNow(native, thread);
        }

        Exit();
    }

    /// <summary>Empties arrays of an arena and frees those whose handles it still owns, the last one first.</summary>
    internal static void Free(ReadOnlySpan<MlxArray?> arrays, Arena owner)
    {
        while (!arrays.IsEmpty)
        {
            ReadOnlySpan<MlxArray?> last = arrays[Math.Max(0, arrays.Length - BatchSize)..];
            arrays = arrays[..^last.Length];
            bool entered = TryEnter();
            ThreadState thread = ThreadState.Current;
            for (int i = last.Length - 1; i >= 0; i--)
            {
                MlxArray array = last[i]!;
                bool owned = ReferenceEquals(array.Watch, owner);
                if (!owned && !Arena.IsBorrowed(array))
                {
                    continue;
                }

                nint native = entered ? array.TakeNative() : Claim(array);
                if (!owned || native == 0)
                {
                    continue;
                }

                if (entered)
                {
                    FreeNow(native, thread);
                }
                else
                {
                    Pending.Add(native);
                }
            }

            if (entered)
            {
                Exit();
            }
            else
            {
                FreeAll();
            }
        }
    }

    /// <summary>Takes out what an array stands for: for one caller only, even if several come at once.</summary>
    /// <returns>The native array, or 0 where another one came first.</returns>
    internal static nint Claim(MlxArray array)
    {
        var spin = default(SpinWait);
        while (true)
        {
            int seen = Interlocked.CompareExchange(ref *State, Freeing, Idle);
            if (seen == Idle)
            {
                nint native = array.TakeNative();
                Exit();
                return native;
            }

            if (seen == Evaluating && Interlocked.CompareExchange(ref *State, Claiming, Evaluating) == Evaluating)
            {
                nint native = array.TakeNative();
                Volatile.Write(ref *State, Evaluating);
                return native;
            }

            // A native free that calls back into the program: the lock is this thread's already.
            if (ThreadState.Current.IsFreeing)
            {
                return array.TakeNative();
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Leaves arrays to whoever makes, frees or evaluates arrays next; if nobody does for a moment, a timer frees them.</summary>
    internal static void SetAside(ReadOnlySpan<nint> arrays)
    {
        Pending.Add(arrays);
        Sweeper.Start();
    }

    /// <summary>Frees some of what waits, if that is possible without waiting; asked for at every few arrays that are made.</summary>
    /// <returns>Whether there were any and it was possible.</returns>
    internal static bool TakeAlong()
    {
        if (!Pending.Any || !TryEnter())
        {
            return false;
        }

        FreeBatch();
        Volatile.Write(ref *State, Idle);
        return true;
    }

    /// <summary>Frees all that waits, unless an evaluation is going on, which then does it.</summary>
    internal static void FreeAll()
    {
        while (TakeAlong())
        {
        }
    }

    /// <summary>Frees all that is forgotten, as far as the collector has found it.</summary>
    internal static void FreeForgotten()
    {
        ThreadStates.Sweep();
        FreeAll();
    }

    /// <summary>Keeps frees away until <see cref="EndEvaluation"/>; the caller holds the evaluation lock.</summary>
    internal static void BeginEvaluation()
    {
        if (!closed)
        {
            Switch(from: Idle, to: Evaluating);
        }
    }

    internal static void EndEvaluation()
    {
        if (closed)
        {
            return;
        }

        while (Pending.Any)
        {
            FreeBatch();
        }

        Switch(from: Evaluating, to: Idle);

        // Somebody may have set an array aside in between.
        FreeAll();
    }

    /// <summary>Frees nothing any more: the process is ending, and what lives goes with it.</summary>
    /// <returns>Whether nobody was freeing in time.</returns>
    internal static bool Close(TimeSpan patience)
    {
        bool taken = SpinWait.SpinUntil(static () => Interlocked.CompareExchange(ref *State, Evaluating, Idle) == Idle, patience);
        closed = true;
        return taken;
    }

    private static bool TryEnter() => Interlocked.CompareExchange(ref *State, Freeing, Idle) == Idle;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exit()
    {
        Volatile.Write(ref *State, Idle);
        if (Pending.Any)
        {
            _ = TakeAlong();
        }
    }

    private static void Switch(int from, int to)
    {
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref *State, to, from) != from)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeBesideOthers(MlxArray array)
    {
        nint native = Claim(array);
        if (native != 0 && !Arena.IsBorrowed(array))
        {
            LiveArrays.Freed(array, native, ThreadState.Current);
            Free((void*)native);
        }
    }

    // Whoever holds the state may have looked for the last time; so the one who sets aside looks again.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Postpone(nint array)
    {
        Pending.Add(array);
        FreeAll();
    }

    private static void FreeBatch()
    {
        ThreadState thread = ThreadState.Current;
        Span<nint> batch = stackalloc nint[BatchSize];
        foreach (nint array in batch[..Pending.Take(batch)])
        {
            FreeNow(array, thread);
        }
    }

    private static void FreeNow(nint array, ThreadState thread)
    {
        thread.IsFreeing = true;
        Mlxc.mlx_array_free(new mlx_array { ctx = (void*)array });
        thread.IsFreeing = false;
    }

    /// <summary>Looks after a collection for what was forgotten, and frees what nobody took.</summary>
    internal static class Sweeper
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
        private static readonly Timer Clock = new(static _ => Sweep());
        private static long takenBefore;
        private static int started;
        private static volatile bool stopped;

        /// <summary>Looks in a moment, once.</summary>
        internal static void Start()
        {
            if (started == 0 && !stopped && Interlocked.Exchange(ref started, 1) == 0)
            {
                Wind();
            }
        }

        /// <summary>Looks after the next collection.</summary>
        internal static void Watch() => _ = new NextCollection();

        /// <summary>Looks no more.</summary>
        internal static void Stop()
        {
            stopped = true;
            Clock.Dispose();
        }

        private static void Wind()
        {
            takenBefore = Pending.Taken;
            Clock.Change(Pause, Timeout.InfiniteTimeSpan);
        }

        private static void Sweep()
        {
            ThreadStates.Sweep();
            if (Pending.Taken == takenBefore)
            {
                FreeAll();
            }

            if (Pending.Any)
            {
                Wind();
                return;
            }

            Volatile.Write(ref started, 0);
            Watch();
            if (Pending.Any)
            {
                Start();
            }
        }

        private sealed class NextCollection
        {
            ~NextCollection() => Start();
        }
    }
}
