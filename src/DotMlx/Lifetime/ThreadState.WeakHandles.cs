using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// The weak handles of the arrays that the thread made. They belong to the thread: it lends them, takes them back, and checks after a collection
/// which arrays are unreachable. Other threads return a weak handle through a stack. Other threads may also sweep the weak handles (<see
/// cref="ThreadStates"/>) while this thread is kept out of them.
/// </summary>
internal sealed partial class ThreadState
{
    // More weak handles than this are not kept: a thread that once had very many arrays would hold on to theirs.
    private const int MostSpare = 1 << 14;

    private readonly WeakHandleList gen0 = new(0);
    private readonly WeakHandleList gen1 = new(1);
    private readonly WeakHandleList gen2 = new(2);

    private WeakHandle?[] spare = [];
    private int spareCount;

    // What a sweep found, on its way to NativeFree.
    private readonly nint[] found = new nint[64];
    private int foundCount;

    // Given back by other threads: a stack that they push to and only this one empties.
    private WeakHandle? returned;

    // The thread is busy with its weak handles, or another one is: both sides set their own and then look at the other's. Storing before loading
    // is not free, so only the side which seldom comes pays for it, with a barrier on all processors.
    private bool inside;
    private bool keptOut;
    private bool hasEnded;

    /// <summary>Whether a collection may have found arrays of this thread unreachable since the last sweep.</summary>
    internal bool IsDue => gen0.IsDue || gen1.IsDue || gen2.IsDue;

    /// <summary>Whether the thread has neither arrays nor weak handles in use.</summary>
    internal bool IsEmpty => gen0.IsEmpty && gen1.IsEmpty && gen2.IsEmpty && latest == 0;

    /// <summary>Whether the thread is currently using its weak handles.</summary>
    internal bool IsInside => Volatile.Read(ref inside);

    /// <summary>Whether another thread is sweeping the weak handles.</summary>
    internal bool IsKeptOut
    {
        get => Volatile.Read(ref keptOut);
        set => Volatile.Write(ref keptOut, value);
    }

    /// <summary>Watches an array with a weak handle of this thread, which must be the calling one.</summary>
    internal void WatchWeakly(MlxArray array, nint native, bool counted)
    {
        Enter();
        array.Watch = Rent(array, native, counted);
        Exit();
    }

    /// <summary>
    /// Frees unreachable arrays and takes in the weak handles that other threads returned; for the thread itself, or while it is kept out.
    /// </summary>
    /// <returns>The number of arrays made since the last collection that are unreachable.</returns>
    internal int Sweep()
    {
        CollectReturned();
        WatchLatestWeakly();
        if (gen2.IsDue)
        {
            gen2.Sweep(null, this);
        }

        if (gen1.IsDue)
        {
            gen1.Sweep(gen2, this);
        }

        int unreachable = gen0.IsDue ? gen0.Sweep(gen1, this) : 0;
        FlushFound();
        return unreachable;
    }

    /// <summary>Records that there has been no collection since the last sweep, as the thread itself has seen.</summary>
    internal void Settle()
    {
        Enter();
        if (!IsDue)
        {
            gen0.Settle();
        }

        Exit();
    }

    /// <summary>Sweeps on the thread itself.</summary>
    internal int SweepOwn()
    {
        Enter();
        int unreachable = Sweep();
        Exit();
        return unreachable;
    }

    /// <summary>Takes the native array of a weak handle for <see cref="NativeFree"/>.</summary>
    internal void TakeUnreachable(WeakHandle weakHandle)
    {
        TakeUnreachable(weakHandle.Handle, weakHandle.Counted);
        weakHandle.Leave();
        Recycle(weakHandle);
    }

    private void TakeUnreachable(nint native, bool counted)
    {
        if (counted)
        {
            Unreachable++;
            LiveArrays.Unrecord(native);
        }

        found[foundCount++] = native;
        if (foundCount == found.Length)
        {
            FlushFound();
        }
    }

    /// <summary>Records that the thread has ended and lends no more weak handles.</summary>
    internal void DiscardSpare()
    {
        hasEnded = true;
        Interlocked.MemoryBarrier();
        CollectReturned();
        while (spareCount > 0)
        {
            WeakHandle weakHandle = spare[--spareCount]!;
            weakHandle.List?.Remove(weakHandle);
            weakHandle.Discard();
        }

        spare = [];
        DiscardToken();
    }

    /// <summary>Lends a weak handle; the caller must be inside.</summary>
    private WeakHandle Rent(MlxArray array, nint native, bool counted)
    {
        int last = spareCount - 1;
        WeakHandle?[] weakHandles = spare;
        WeakHandle weakHandle;
        if ((uint)last < (uint)weakHandles.Length)
        {
            weakHandle = weakHandles[last]!;
            spareCount = last;
        }
        else
        {
            weakHandle = new WeakHandle(this);
        }

        weakHandle.Watch(array, native, counted);
        if (weakHandle.List is null)
        {
            gen0.Add(weakHandle);
        }

        return weakHandle;
    }

    /// <summary>
    /// Takes back the weak handle of an array that was disposed on this thread, which must be outside, because returning a weak handle to another
    /// thread may wait.
    /// </summary>
    private void Return(WeakHandle weakHandle)
    {
        if (weakHandle.Owner == this)
        {
            Enter();
            weakHandle.Leave();
            Recycle(weakHandle);
            Exit();
        }
        else
        {
            weakHandle.Leave();
            weakHandle.Owner.ReturnToOwner(weakHandle);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter()
    {
        Volatile.Write(ref inside, true);
        if (Volatile.Read(ref keptOut))
        {
            WaitOutside();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Exit() => Volatile.Write(ref inside, false);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitOutside()
    {
        do
        {
            Exit();
            ThreadStates.Wait();
            Volatile.Write(ref inside, true);
        }
        while (Volatile.Read(ref keptOut));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Recycle(WeakHandle weakHandle)
    {
        // In an older list a new array would not be looked after in time.
        if (weakHandle.List is { } list && list != gen0)
        {
            list.Remove(weakHandle);
        }

        WeakHandle?[] weakHandles = spare;
        int count = spareCount;
        if ((uint)count < (uint)weakHandles.Length)
        {
            weakHandles[count] = weakHandle;
            spareCount = count + 1;
        }
        else
        {
            RecycleMore(weakHandle);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RecycleMore(WeakHandle weakHandle)
    {
        if (spare.Length < MostSpare)
        {
            Array.Resize(ref spare, Math.Max(64, 4 * spare.Length));
            spare[spareCount++] = weakHandle;
        }
        else
        {
            weakHandle.List?.Remove(weakHandle);
            weakHandle.Discard();
        }
    }

    private void ReturnToOwner(WeakHandle weakHandle)
    {
        WeakHandle? first = Volatile.Read(ref returned);
        while (true)
        {
            weakHandle.Next = first;
            WeakHandle? seen = Interlocked.CompareExchange(ref returned, weakHandle, first);
            if (seen == first)
            {
                break;
            }

            first = seen;
        }

        if (Volatile.Read(ref hasEnded))
        {
            ThreadStates.Discard(this);
        }
    }

    private void FlushFound()
    {
        if (foundCount == 0)
        {
            return;
        }

        ThreadStates.Found(foundCount);
        NativeFree.Enqueue(found.AsSpan(0, foundCount));
        foundCount = 0;
    }

    private void CollectReturned()
    {
        for (WeakHandle? weakHandle = Interlocked.Exchange(ref returned, null); weakHandle is not null;)
        {
            WeakHandle? next = weakHandle.Next;
            weakHandle.Next = null;
            Recycle(weakHandle);
            weakHandle = next;
        }
    }
}
