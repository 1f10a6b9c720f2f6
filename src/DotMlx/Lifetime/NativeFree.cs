using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Frees native arrays without ever waiting for an evaluation. MLX reads and rewrites graph nodes during an evaluation, and so does the
/// destruction of a node. Handles that are freed during an evaluation are therefore queued, and the evaluating thread frees them
/// afterward. Frees exclude each other for the same reason, because their nodes may be adjacent. The same lock decides which thread takes
/// the handle out of an array that several threads dispose at once.
/// </summary>
internal static unsafe partial class NativeFree
{
    // Small, because the C library's heap performs best when frees and allocations alternate; but larger than the number of arrays made
    // between two drains, so that the queue shrinks.
    private const int BatchSize = 16;

    // The type of a queued handle, in bits that are 0 in every address.
    private const nint Vector = 1;
    private const nint Map = 2;
    private const nint Kinds = 3;

    private static readonly PendingFrees Pending = new();

    /// <summary>Frees an array that has no other owner.</summary>
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

    /// <summary>Frees a vector, which may hold the last reference to its arrays.</summary>
    internal static void Free(mlx_vector_array vector)
    {
        if (vector.ctx != null)
        {
            Free((void*)((nint)vector.ctx | Vector));
        }
    }

    /// <inheritdoc cref="Free(mlx_vector_array)"/>
    internal static void Free(mlx_map_string_to_array map)
    {
        if (map.ctx != null)
        {
            Free((void*)((nint)map.ctx | Map));
        }
    }

    /// <summary>Frees arrays that have no other owner, the last one first; null handles are skipped.</summary>
    internal static void Free(ReadOnlySpan<mlx_array> arrays)
    {
        while (!arrays.IsEmpty)
        {
            // Frees in small batches, because other threads that evaluate wait in the meantime.
            ReadOnlySpan<mlx_array> last = arrays[Math.Max(0, arrays.Length - BatchSize)..];
            arrays = arrays[..^last.Length];
            foreach (mlx_array array in last)
            {
                Prefetch.Memory((nint)array.ctx);
            }

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
                FreeQueued();
            }
        }
    }

    /// <summary>Frees the native array of an array, unless another thread took it first. The caller keeps the array alive.</summary>
    internal static void Free(MlxArray array)
    {
        if (!TryEnter())
        {
            FreeConcurrently(array);
            return;
        }

        ThreadState thread = ThreadState.Current;
        nint native = array.TakeNative(thread, out bool isPrivate);
        if (native != 0 && !Arena.IsBorrowed(array))
        {
            LiveArrays.Freed(array, native, thread);
            if (!isPrivate)
            {
                Exit();
                RetiredHandles.Add(native, array);
                return;
            }

            FreeNow(native, thread);
        }

        Exit();
    }

    /// <summary>Empties arrays of an arena and frees those whose handles it still owns, the last one first.</summary>
    internal static void Free(ReadOnlySpan<MlxArray?> arrays, Arena owner)
    {
        ThreadState thread = ThreadState.Current;
        while (!arrays.IsEmpty)
        {
            ReadOnlySpan<MlxArray?> last = arrays[Math.Max(0, arrays.Length - BatchSize)..];
            arrays = arrays[..^last.Length];
            bool entered = TryEnter();
            List<(nint Handle, MlxArray Array)>? shared = null;
            for (int i = last.Length - 1; i >= 0; i--)
            {
                MlxArray array = last[i]!;
                bool owned = ReferenceEquals(array.Watch, owner);
                if (!owned && !Arena.IsBorrowed(array))
                {
                    continue;
                }

                bool isPrivate;
                nint native = entered ? array.TakeNative(thread, out isPrivate) : Claim(array, out isPrivate);
                if (!owned || native == 0)
                {
                    continue;
                }

                if (!isPrivate)
                {
                    (shared ??= []).Add((native, array));
                }
                else if (entered)
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
                FreeQueued();
            }

            shared?.ForEach(static item => RetiredHandles.Add(item.Handle, item.Array));
        }
    }

    /// <summary>Replaces the native array of an array while no other thread can take it out or mark it as shared.</summary>
    /// <param name="array">The array, which the caller keeps alive.</param>
    /// <param name="replacement">The new native array.</param>
    /// <param name="kind">Its shape and dtype, if known.</param>
    /// <param name="old">The previous native array, which the caller then owns; 0 if other threads may be using it.</param>
    /// <returns>False if the array was disposed.</returns>
    internal static bool Exchange(MlxArray array, nint replacement, ArrayKind? kind, out nint old)
    {
        int before = EnterBriefly();
        old = array.ExchangeNative(ThreadState.Current, replacement, kind, out bool isPrivate);
        ExitBriefly(before);
        if (old == 0)
        {
            return false;
        }

        if (!isPrivate)
        {
            RetiredHandles.Add(old, null);
            old = 0;
        }

        return true;
    }

    /// <summary>Records that a thread other than the owner uses an array, so that the array is no longer freed immediately.</summary>
    internal static void Share(MlxArray array)
    {
        int before = EnterBriefly();
        array.MarkUsedByOthers();
        ExitBriefly(before);
    }

    /// <summary>Takes the native array out of an array; if several threads call at once, only one of them gets it.</summary>
    /// <param name="array">The array, which the caller keeps alive.</param>
    /// <param name="isPrivate">Whether no other thread has ever used the array.</param>
    /// <returns>The native array, or 0 if another caller came first.</returns>
    internal static nint Claim(MlxArray array, out bool isPrivate)
    {
        int before = EnterBriefly();
        nint native = array.TakeNative(ThreadState.Current, out isPrivate);
        ExitBriefly(before);
        return native;
    }

    /// <summary>
    /// Queues arrays for the next thread that makes, frees, or evaluates arrays. If no thread does so soon, a timer frees them.
    /// </summary>
    internal static void Enqueue(ReadOnlySpan<nint> arrays)
    {
        Pending.Add(arrays);
        Sweeper.Start();
    }

    /// <summary>Frees a batch of queued arrays if the lock is free; called whenever a few arrays have been made.</summary>
    /// <returns>Whether arrays were queued and the lock was free.</returns>
    internal static bool TryDrain()
    {
        if (!Pending.Any || !TryEnter())
        {
            return false;
        }

        FreeBatch();
        Volatile.Write(ref *State, Idle);
        return true;
    }

    /// <summary>Frees all queued arrays; if an evaluation is running, the evaluating thread frees them instead.</summary>
    internal static void FreeAll()
    {
        while (TryDrain())
        {
        }
    }

    /// <summary>Frees all arrays that the garbage collector has found unreachable.</summary>
    internal static void FreeUnreachable()
    {
        ThreadStates.Sweep();
        RetiredHandles.Free();
        FreeAll();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeConcurrently(MlxArray array)
    {
        nint native = Claim(array, out bool isPrivate);
        if (native == 0 || Arena.IsBorrowed(array))
        {
            return;
        }

        LiveArrays.Freed(array, native, ThreadState.Current);
        if (isPrivate)
        {
            Free((void*)native);
        }
        else
        {
            RetiredHandles.Add(native, array);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Postpone(nint array)
    {
        Pending.Add(array);
        FreeQueued();
    }

    // The thread that holds the lock may already have checked the queue for the last time, so this thread checks again after queuing.
    private static void FreeQueued()
    {
        FreeAll();
        if (Pending.Any)
        {
            Sweeper.Start();
        }
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
        if ((array & Kinds) == 0)
        {
            Mlxc.mlx_array_free(new mlx_array { ctx = (void*)array });
        }
        else
        {
            FreeCollection((void*)(array & ~Kinds), array & Kinds);
        }

        thread.IsFreeing = false;
    }

    private static void FreeCollection(void* collection, nint kind) => _ = kind == Vector
        ? Mlxc.mlx_vector_array_free(new mlx_vector_array { ctx = collection })
        : Mlxc.mlx_map_string_to_array_free(new mlx_map_string_to_array { ctx = collection });
}
