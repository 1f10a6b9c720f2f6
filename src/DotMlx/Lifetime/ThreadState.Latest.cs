using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// The latest array that the thread made. Most arrays that are disposed are disposed before the next one is made, so an array gets a weak
/// handle only after that. Until then, a token watches it (<see cref="LatestToken"/>).
/// </summary>
internal sealed partial class ThreadState
{
    private WeakGCHandle<LatestToken> _token = new(null!, trackResurrection: true);

    // The native array, or 0 once it is disposed or given a weak handle. Another thread that disposes it may set this to 0; all else is for
    // who is inside.
    private nint _latest;

    /// <summary>Whether a token watches an array, which may be unreachable.</summary>
    internal bool HasLatest => Volatile.Read(ref _latest) != 0;

    /// <summary>Watches an array that the calling thread has just made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Watch(MlxArray array, nint native)
    {
        Enter();
        if (_latest != 0)
        {
            WatchLatestWeakly();
        }

        if (!_token.TryGetTarget(out LatestToken? mine))
        {
            mine = NewToken();
        }

        mine.Array = array;
        array.Watch = mine;
        _latest = native;
        Exit();
    }

    /// <summary>
    /// Stops watching an array whose native array the caller has taken out, on this thread; the caller keeps the array alive.
    /// </summary>
    /// <returns>Whether the array was counted.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Unwatch(MlxArray array, nint native)
    {
        Enter();
        if (_latest != native)
        {
            Exit();
            return UnwatchOther(array, native);
        }

        _latest = 0;
        array.Watch = null;
        Exit();
        return true;
    }

    /// <summary>Watches an array with another native array, on this thread; the caller keeps the array alive.</summary>
    internal void Exchange(MlxArray array, nint native, nint replacement)
    {
        Enter();
        bool isLatest = _latest == native;
        if (isLatest)
        {
            _latest = replacement;
        }

        Exit();
        if (isLatest)
        {
            return;
        }

        if (array.Watch is WeakHandle weakHandle)
        {
            weakHandle.Exchange(replacement);
            return;
        }

        if (array.Watch is Arena)
        {
            return;
        }

        // The latest of another thread, from which this one takes it over.
        WatchWeakly(array, replacement, counted: UnwatchOther(array, native));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool UnwatchOther(MlxArray array, nint native)
    {
        // Where it is another thread's token, that thread or whoever looks after it may put a weak handle in its place at this moment.
        ArrayWatch? watch = array.Watch is LatestToken ? Interlocked.Exchange(ref array.Watch, null) : array.Watch;
        if (watch is LatestToken other)
        {
            Interlocked.CompareExchange(ref other.Owner._latest, 0, native);

            // Were it collected before, the array would look unreachable.
            GC.KeepAlive(other);
            return true;
        }

        // Nobody watches the arrays of an arena.
        if (watch is not WeakHandle weakHandle)
        {
            return false;
        }

        bool counted = weakHandle.Counted;
        array.Watch = null;
        Return(weakHandle);
        return counted;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LatestToken NewToken()
    {
        var mine = new LatestToken(this);
        _token.SetTarget(mine);
        return mine;
    }

    /// <summary>
    /// Gives the latest array a weak handle, or takes it for <see cref="NativeFree"/> if it is unreachable; the caller must be inside.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WatchLatestWeakly()
    {
        if (_latest == 0)
        {
            return;
        }

        // In this order: who disposes the array on another thread keeps the token alive until the number is 0.
        bool lives = _token.TryGetTarget(out LatestToken? mine);
        nint native = Volatile.Read(ref _latest);
        if (native == 0)
        {
            return;
        }

        if (lives)
        {
            MlxArray array = mine!.Array!;
            WeakHandle weakHandle = Rent(array, native, counted: true);
            if (Interlocked.CompareExchange(ref array.Watch, weakHandle, mine) != mine)
            {
                // Disposed, or taken over, by another thread meanwhile.
                weakHandle.Leave();
                Recycle(weakHandle);
            }
        }
        else
        {
            TakeUnreachable(native, counted: true);
            FlushFound();
        }

        _latest = 0;
    }

    private void DiscardToken()
    {
        if (_token.IsAllocated)
        {
            _token.Dispose();
        }
    }
}
