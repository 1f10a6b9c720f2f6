using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// The guards of the arrays that the thread made. They belong to the thread: it lends them, takes them back, and checks after a collection
/// which arrays are unreachable. Other threads return a guard through a stack. Other threads may also sweep the guards (<see
/// cref="ThreadStates"/>) while this thread is kept out of them.
/// </summary>
internal sealed partial class ThreadState
{
    // More guards than this are not kept: a thread that once had very many arrays would hold on to theirs.
    private const int MostSpare = 1 << 14;

    private readonly GuardList young = new(0);
    private readonly GuardList middle = new(1);
    private readonly GuardList old = new(2);

    private HandleGuard?[] spare = [];
    private int spareCount;

    // What a sweep found, on its way to NativeFree.
    private readonly nint[] found = new nint[64];
    private int foundCount;

    // Given back by other threads: a stack that they push to and only this one empties.
    private HandleGuard? returned;

    // The thread is busy with its guards, or another one is: both sides set their own and then look at the other's. Storing before loading
    // is not free, so only the side which seldom comes pays for it, with a barrier on all processors.
    private bool inside;
    private bool keptOut;
    private bool hasEnded;

    /// <summary>Whether a collection may have found arrays of this thread unreachable since the last sweep.</summary>
    internal bool IsDue => young.IsDue || middle.IsDue || old.IsDue;

    /// <summary>Whether the thread has neither arrays nor guards in use.</summary>
    internal bool IsEmpty => young.IsEmpty && middle.IsEmpty && old.IsEmpty && latest == 0;

    /// <summary>Whether the thread is currently using its guards.</summary>
    internal bool IsInside => Volatile.Read(ref inside);

    /// <summary>Whether another thread is sweeping the guards.</summary>
    internal bool IsKeptOut
    {
        get => Volatile.Read(ref keptOut);
        set => Volatile.Write(ref keptOut, value);
    }

    /// <summary>Watches an array with a guard of this thread, which must be the calling one.</summary>
    internal void WatchByGuard(MlxArray array, nint native, bool counted)
    {
        Enter();
        array.Watch = Guard(array, native, counted);
        Exit();
    }

    /// <summary>
    /// Frees unreachable arrays and takes in the guards that other threads returned; for the thread itself, or while it is kept out.
    /// </summary>
    /// <returns>The number of arrays made since the last collection that are unreachable.</returns>
    internal int Sweep()
    {
        TakeIn();
        GuardLatest();
        if (old.IsDue)
        {
            old.Sweep(null, this);
        }

        if (middle.IsDue)
        {
            middle.Sweep(old, this);
        }

        int forgotten = young.IsDue ? young.Sweep(middle, this) : 0;
        HandOver();
        return forgotten;
    }

    /// <summary>Records that there has been no collection since the last sweep, as the thread itself has seen.</summary>
    internal void Settle()
    {
        Enter();
        if (!IsDue)
        {
            young.Settle();
        }

        Exit();
    }

    /// <summary>Sweeps on the thread itself.</summary>
    internal int SweepOwn()
    {
        Enter();
        int forgotten = Sweep();
        Exit();
        return forgotten;
    }

    /// <summary>Takes the native array of a guard for <see cref="NativeFree"/>.</summary>
    internal void TakeForgotten(HandleGuard guard)
    {
        TakeForgotten(guard.Handle, guard.Counted);
        guard.Leave();
        Keep(guard);
    }

    private void TakeForgotten(nint native, bool counted)
    {
        if (counted)
        {
            Forgotten++;
            LiveArrays.Unrecord(native);
        }

        found[foundCount++] = native;
        if (foundCount == found.Length)
        {
            HandOver();
        }
    }

    /// <summary>Records that the thread has ended and lends no more guards.</summary>
    internal void DiscardSpare()
    {
        hasEnded = true;
        Interlocked.MemoryBarrier();
        TakeIn();
        while (spareCount > 0)
        {
            HandleGuard guard = spare[--spareCount]!;
            guard.List?.Remove(guard);
            guard.Discard();
        }

        spare = [];
        DiscardToken();
    }

    /// <summary>Lends a guard; the caller must be inside.</summary>
    private HandleGuard Guard(MlxArray array, nint native, bool counted)
    {
        int last = spareCount - 1;
        HandleGuard?[] guards = spare;
        HandleGuard guard;
        if ((uint)last < (uint)guards.Length)
        {
            guard = guards[last]!;
            spareCount = last;
        }
        else
        {
            guard = new HandleGuard(this);
        }

        guard.Watch(array, native, counted);
        if (guard.List is null)
        {
            young.Add(guard);
        }

        return guard;
    }

    /// <summary>
    /// Takes back the guard of an array that was disposed on this thread, which must be outside, because returning a guard to another
    /// thread may wait.
    /// </summary>
    private void GiveBack(HandleGuard guard)
    {
        if (guard.Owner == this)
        {
            Enter();
            guard.Leave();
            Keep(guard);
            Exit();
        }
        else
        {
            guard.Leave();
            guard.Owner.LeaveAtTheDoor(guard);
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
    private void Keep(HandleGuard guard)
    {
        // In an older list a new array would not be looked after in time.
        if (guard.List is { } list && list != young)
        {
            list.Remove(guard);
        }

        HandleGuard?[] guards = spare;
        int count = spareCount;
        if ((uint)count < (uint)guards.Length)
        {
            guards[count] = guard;
            spareCount = count + 1;
        }
        else
        {
            KeepMore(guard);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void KeepMore(HandleGuard guard)
    {
        if (spare.Length < MostSpare)
        {
            Array.Resize(ref spare, Math.Max(64, 4 * spare.Length));
            spare[spareCount++] = guard;
        }
        else
        {
            guard.List?.Remove(guard);
            guard.Discard();
        }
    }

    private void LeaveAtTheDoor(HandleGuard guard)
    {
        HandleGuard? first = Volatile.Read(ref returned);
        while (true)
        {
            guard.Next = first;
            HandleGuard? seen = Interlocked.CompareExchange(ref returned, guard, first);
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

    private void HandOver()
    {
        if (foundCount == 0)
        {
            return;
        }

        ThreadStates.Found(foundCount);
        NativeFree.SetAside(found.AsSpan(0, foundCount));
        foundCount = 0;
    }

    private void TakeIn()
    {
        for (HandleGuard? guard = Interlocked.Exchange(ref returned, null); guard is not null;)
        {
            HandleGuard? next = guard.Next;
            guard.Next = null;
            Keep(guard);
            guard = next;
        }
    }
}
