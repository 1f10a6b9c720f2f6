using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Watches the latest array that the thread made. Most disposed arrays are disposed before the next one is made, so an array gets a weak
/// handle only when the next one is made. Until then, a token watches it (<see cref="LatestToken"/>).
/// </summary>
internal sealed partial class ThreadState
{
    private WeakGCHandle<LatestToken> _token = new(null!, trackResurrection: true);

    // The native array, or 0 once it is disposed or has a weak handle. Another thread that disposes the array may set this field to 0; only
    // a thread that is inside makes any other change.
    private nint _latest;

    /// <summary>Whether a token watches an array, which may be unreachable by now.</summary>
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
    /// Stops watching an array whose native array the caller has taken out on this thread; the caller keeps the array alive.
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

    /// <summary>Makes the watch of an array follow its new native array, on this thread; the caller keeps the array alive.</summary>
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

        // The array is the latest of another thread, and this thread takes over watching it.
        WatchWeakly(array, replacement, counted: UnwatchOther(array, native));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool UnwatchOther(MlxArray array, nint native)
    {
        // If the token belongs to another thread, that thread or a sweeping thread may be replacing it with a weak handle right now.
        ArrayWatch? watch = array.Watch is LatestToken ? Interlocked.Exchange(ref array.Watch, null) : array.Watch;
        if (watch is LatestToken other)
        {
            Interlocked.CompareExchange(ref other.Owner._latest, 0, native);

            // If the token were collected before this point, the array would appear unreachable.
            GC.KeepAlive(other);
            return true;
        }

        // Arrays of an arena aren't watched.
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
    /// Gives the latest array a weak handle, or passes the native array to <see cref="NativeFree"/> if the array is unreachable; the caller
    /// must be inside.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WatchLatestWeakly()
    {
        if (_latest == 0)
        {
            return;
        }

        // The order matters: a thread that disposes the array keeps the token alive until the native array is 0.
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
                // Another thread has disposed the array or taken it over.
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
