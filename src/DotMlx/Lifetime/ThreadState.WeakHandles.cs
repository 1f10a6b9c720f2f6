using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Manages the weak handles of the arrays that the thread made. The weak handles belong to the thread: the thread lends them, takes them
/// back, and checks after a collection which arrays are unreachable. Other threads return a weak handle through a stack. Another thread may
/// also sweep the weak handles (<see cref="ThreadStates"/>) while this thread is kept out of them.
/// </summary>
internal sealed partial class ThreadState
{
    // The maximum number of spare weak handles, so that a thread that once had very many arrays doesn't hold on to all of theirs.
    private const int MaxSpare = 1 << 14;

    private readonly WeakHandleList _gen0 = new(0);
    private readonly WeakHandleList _gen1 = new(1);
    private readonly WeakHandleList _gen2 = new(2);

    private WeakHandle?[] _spare = [];
    private int _spareCount;

    // Native arrays that a sweep found, to be passed to NativeFree in batches.
    private readonly nint[] _found = new nint[64];
    private int _foundCount;

    // Weak handles that other threads returned: other threads push to this stack, and only the owner, or a sweep for it, empties it.
    private WeakHandle? _returned;

    // The thread sets _inside, and a sweeping thread sets _keptOut; each then reads the other's flag. Ordering a store before a load is
    // expensive, so only the sweeping thread, which comes rarely, pays for the order, with a process-wide barrier.
    private bool _inside;
    private bool _keptOut;
    private bool _hasEnded;

    /// <summary>Whether a collection may have found arrays of this thread unreachable since the last sweep.</summary>
    internal bool IsDue => _gen0.IsDue || _gen1.IsDue || _gen2.IsDue;

    /// <summary>Whether the thread has neither arrays nor weak handles in use.</summary>
    internal bool IsEmpty => _gen0.IsEmpty && _gen1.IsEmpty && _gen2.IsEmpty && _latest == 0;

    /// <summary>Whether the thread is currently using its weak handles.</summary>
    internal bool IsInside => Volatile.Read(ref _inside);

    /// <summary>Whether another thread is sweeping the weak handles.</summary>
    internal bool IsKeptOut
    {
        get => Volatile.Read(ref _keptOut);
        set => Volatile.Write(ref _keptOut, value);
    }

    /// <summary>Watches an array with a weak handle of this thread, which must be the calling one.</summary>
    internal void WatchWeakly(MlxArray array, nint native, bool counted)
    {
        Enter();
        array.Watch = Rent(array, native, counted);
        Exit();
    }

    /// <summary>
    /// Frees unreachable arrays and takes in the weak handles that other threads returned. The thread itself calls this, or another thread
    /// while this one is kept out.
    /// </summary>
    /// <returns>The number of arrays made since the last collection that are unreachable.</returns>
    internal int Sweep()
    {
        CollectReturned();
        WatchLatestWeakly();
        if (_gen2.IsDue)
        {
            _gen2.Sweep(null, this);
        }

        if (_gen1.IsDue)
        {
            _gen1.Sweep(_gen2, this);
        }

        int unreachable = _gen0.IsDue ? _gen0.Sweep(_gen1, this) : 0;
        FlushFound();
        return unreachable;
    }

    /// <summary>Records on the thread itself that no collection has run since the last sweep.</summary>
    internal void Settle()
    {
        Enter();
        if (!IsDue)
        {
            _gen0.Settle();
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

    /// <summary>Passes the native array of a weak handle to <see cref="NativeFree"/> and recycles the weak handle.</summary>
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

        _found[_foundCount++] = native;
        if (_foundCount == _found.Length)
        {
            FlushFound();
        }
    }

    /// <summary>Records that the thread has ended and lends no more weak handles.</summary>
    internal void DiscardSpare()
    {
        _hasEnded = true;
        Interlocked.MemoryBarrier();
        CollectReturned();
        while (_spareCount > 0)
        {
            WeakHandle weakHandle = _spare[--_spareCount]!;
            weakHandle.List?.Remove(weakHandle);
            weakHandle.Discard();
        }

        _spare = [];
        DiscardToken();
    }

    /// <summary>Lends a weak handle; the caller must be inside.</summary>
    private WeakHandle Rent(MlxArray array, nint native, bool counted)
    {
        int last = _spareCount - 1;
        WeakHandle?[] weakHandles = _spare;
        WeakHandle weakHandle;
        if ((uint)last < (uint)weakHandles.Length)
        {
            weakHandle = weakHandles[last]!;
            _spareCount = last;
        }
        else
        {
            weakHandle = new WeakHandle(this);
        }

        weakHandle.Watch(array, native, counted);
        if (weakHandle.List is null)
        {
            _gen0.Add(weakHandle);
        }

        return weakHandle;
    }

    /// <summary>
    /// Takes back the weak handle of an array that was disposed on this thread. This thread must not be inside, because returning a weak
    /// handle to another thread may wait.
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
        Volatile.Write(ref _inside, true);
        if (Volatile.Read(ref _keptOut))
        {
            WaitOutside();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Exit() => Volatile.Write(ref _inside, false);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitOutside()
    {
        do
        {
            Exit();
            ThreadStates.Wait();
            Volatile.Write(ref _inside, true);
        }
        while (Volatile.Read(ref _keptOut));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Recycle(WeakHandle weakHandle)
    {
        // A new array in an older list would not be checked in time.
        if (weakHandle.List is { } list && list != _gen0)
        {
            list.Remove(weakHandle);
        }

        WeakHandle?[] weakHandles = _spare;
        int count = _spareCount;
        if ((uint)count < (uint)weakHandles.Length)
        {
            weakHandles[count] = weakHandle;
            _spareCount = count + 1;
        }
        else
        {
            RecycleMore(weakHandle);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RecycleMore(WeakHandle weakHandle)
    {
        if (_spare.Length < MaxSpare)
        {
            Array.Resize(ref _spare, Math.Max(64, 4 * _spare.Length));
            _spare[_spareCount++] = weakHandle;
        }
        else
        {
            weakHandle.List?.Remove(weakHandle);
            weakHandle.Discard();
        }
    }

    private void ReturnToOwner(WeakHandle weakHandle)
    {
        WeakHandle? first = Volatile.Read(ref _returned);
        while (true)
        {
            weakHandle.Next = first;
            WeakHandle? seen = Interlocked.CompareExchange(ref _returned, weakHandle, first);
            if (seen == first)
            {
                break;
            }

            first = seen;
        }

        if (Volatile.Read(ref _hasEnded))
        {
            ThreadStates.Discard(this);
        }
    }

    private void FlushFound()
    {
        if (_foundCount == 0)
        {
            return;
        }

        ThreadStates.Found(_foundCount);
        NativeFree.Enqueue(_found.AsSpan(0, _foundCount));
        _foundCount = 0;
    }

    private void CollectReturned()
    {
        for (WeakHandle? weakHandle = Interlocked.Exchange(ref _returned, null); weakHandle is not null;)
        {
            WeakHandle? next = weakHandle.Next;
            weakHandle.Next = null;
            Recycle(weakHandle);
            weakHandle = next;
        }
    }
}
