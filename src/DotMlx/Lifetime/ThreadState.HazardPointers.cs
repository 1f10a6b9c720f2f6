using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// The native arrays that the thread is passing to C (hazard pointers). If another thread disposes such an array, it goes to <see
/// cref="RetiredHandles"/>, which frees it once no thread announces it.
/// </summary>
internal sealed partial class ThreadState
{
    /// <summary>The number of handles that can be taken after another one without ending its announcement.</summary>
    internal const int RingLength = 64;

    // Operations with one and two arrays, and properties, know when they end; nothing of the library runs inside of them on this thread.
    private nint _left;
    private nint _right;
    private nint _property;

    // All else takes a few handles and calls C at once: the last ones that the thread took stay announced until later ones take their
    // places.
    private Ring _ring;
    private int _next;

    // Handles in use for as long as their users say.
    private nint[] _held = [];
    private int _heldCount;

    internal ref nint Left => ref _left;

    internal ref nint Right => ref _right;

    internal ref nint Property => ref _property;

    /// <summary>The slot for the next handle whose end isn't known.</summary>
    internal ref nint NextInRing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref Unsafe.As<Ring, nint>(ref _ring), _next++ & (RingLength - 1));
    }

    /// <summary>The position of the ring, for <see cref="Rewind"/>.</summary>
    internal int RingPosition => _next;

    /// <summary>
    /// Withdraws the handles that were taken since, if their end is known: they would keep arrays alive and displace older handles.
    /// </summary>
    internal void Rewind(int position)
    {
        while (_next != position)
        {
            Volatile.Write(ref _ring[--_next & (RingLength - 1)], 0);
        }
    }

    /// <summary>The number of held handles, for <see cref="ReleaseHeld"/>.</summary>
    internal int HeldCount => _heldCount;

    /// <summary>
    /// Announces a handle that was just taken until <see cref="ReleaseHeld"/>, for code that makes many calls in between.
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

    /// <summary>The handles held since there were <paramref name="count"/> are no longer used.</summary>
    internal void ReleaseHeld(int count) => Volatile.Write(ref _heldCount, count);

    /// <summary>Adds the announced handles of the thread; callable on any thread, after a process-wide barrier.</summary>
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

        // After the ring, from which a handle may have gone over to these; the number before the array, which only grows.
        int count = Volatile.Read(ref _heldCount);
        foreach (nint handle in Volatile.Read(ref _held).AsSpan(0, count))
        {
            handles.Add(handle);
        }
    }

    /// <summary>Withdraws the announcements of the calling thread for an array that it disposes.</summary>
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
