using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// Protects the native arrays that the thread is passing to C (hazard pointers). If another thread disposes such an array, its handle goes
/// to <see cref="RetiredHandles"/>, which frees it once no thread protects it.
/// </summary>
internal sealed partial class ThreadState
{
    /// <summary>The number of handles that the thread can take before the ring overwrites the first one's hazard pointer.</summary>
    internal const int RingLength = 64;

    // Slots for unary operations, binary operations, and properties, which know when they end and don't nest on a thread.
    private nint _left;
    private nint _right;
    private nint _property;

    // All other code takes a few handles and calls C at once. They stay protected until the operation has its result.
    private Ring _ring;
    private int _next;

    // Handles that stay protected until they are released explicitly.
    private nint[] _held = [];
    private int _heldCount;

    internal ref nint Left => ref _left;

    internal ref nint Right => ref _right;

    internal ref nint Property => ref _property;

    /// <summary>The slot for the next handle whose end of use isn't known.</summary>
    internal ref nint NextInRing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref Unsafe.As<Ring, nint>(ref _ring), _next++ & (RingLength - 1));
    }

    /// <summary>The position of the ring, for <see cref="Rewind"/>.</summary>
    internal int RingPosition => _next;

    /// <summary>
    /// Withdraws the handles that were taken since a position, once they are no longer used. Otherwise, they would protect each new array
    /// that gets the address of a freed one, and displace older handles.
    /// </summary>
    internal void Rewind(int position)
    {
        while (_next > position)
        {
            Volatile.Write(ref _ring[--_next & (RingLength - 1)], 0);
        }
    }

    /// <summary>Withdraws all handles of the ring: the operation that took them has its result.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndOperation()
    {
        if (_next != 0)
        {
            Rewind(0);
        }
    }

    /// <summary>The number of held handles, for <see cref="ReleaseHeld"/>.</summary>
    internal int HeldCount => _heldCount;

    /// <summary>
    /// Protects a newly taken handle until <see cref="ReleaseHeld"/>, for code that makes many calls in between.
    /// </summary>
    internal void Hold(nint handle)
    {
        if (_heldCount == _held.Length)
        {
            nint[] larger = new nint[Math.Max(RingLength, 2 * _heldCount)];
            _held.CopyTo(larger, 0);
            Volatile.Write(ref _held, larger);
        }

        _held[_heldCount] = handle;
        Volatile.Write(ref _heldCount, _heldCount + 1);
    }

    /// <summary>Releases the handles that were held after the first <paramref name="count"/>.</summary>
    internal void ReleaseHeld(int count) => Volatile.Write(ref _heldCount, count);

    /// <summary>Adds the thread's protected handles; any thread may call this after a process-wide barrier.</summary>
    internal void AddInUse(HashSet<nint> handles)
    {
        handles.Add(Volatile.Read(ref _left));
        handles.Add(Volatile.Read(ref _right));
        handles.Add(Volatile.Read(ref _property));
        ReadOnlySpan<nint> recent = _ring;
        for (int i = 0; i < RingLength; i++)
        {
            handles.Add(Volatile.Read(in recent[i]));
        }

        // Read after the ring, because a handle may move from the ring to the held ones. Read the count before the array, which only grows.
        int count = Volatile.Read(ref _heldCount);
        foreach (nint handle in Volatile.Read(ref _held).AsSpan(0, count))
        {
            handles.Add(handle);
        }
    }

    /// <summary>Withdraws the calling thread's hazard pointers in the ring for an array that the thread disposes.</summary>
    internal void Withdraw(nint handle)
    {
        Span<nint> recent = _ring;
        for (int i = recent.IndexOf(handle); i >= 0; i = recent.IndexOf(handle))
        {
            recent[i] = 0;
        }
    }

    [InlineArray(RingLength)]
    private struct Ring
    {
        private nint _first;
    }
}
