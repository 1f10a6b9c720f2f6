using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// The native arrays that the thread hands to C in this moment (hazard pointers). Another thread that disposes such an array leaves it to
/// <see cref="RetiredHandles"/>, which frees it once no thread announces it.
/// </summary>
internal sealed partial class ThreadState
{
    /// <summary>So many handles taken after another one leave that one announced.</summary>
    internal const int RingLength = 64;

    // Operations with one and two arrays, and properties, know when they end; nothing of the library runs inside of them on this thread.
    private nint left;
    private nint right;
    private nint property;

    // All else takes a few handles and calls C at once: the last ones that the thread took stay announced until later ones take their places.
    private Ring ring;
    private int next;

    // Handles in use for as long as their users say.
    private nint[] held = [];
    private int heldCount;

    internal ref nint Left => ref left;

    internal ref nint Right => ref right;

    internal ref nint Property => ref property;

    /// <summary>The place for the next handle that is taken without an end being known.</summary>
    internal ref nint NextInRing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref Unsafe.As<Ring, nint>(ref ring), next++ & (RingLength - 1));
    }

    /// <summary>Where the ring stands, for <see cref="Rewind"/>.</summary>
    internal int RingPosition => next;

    /// <summary>Takes back the handles that were taken since, where their end is known: they would keep arrays alive and drive out older handles.</summary>
    internal void Rewind(int position)
    {
        while (next != position)
        {
            Volatile.Write(ref ring[--next & (RingLength - 1)], 0);
        }
    }

    /// <summary>How many handles are held, for <see cref="ReleaseHeld"/>.</summary>
    internal int HeldCount => heldCount;

    /// <summary>Announces a handle, taken just now, until <see cref="ReleaseHeld"/>: for calls in between that are many.</summary>
    internal void Hold(nint handle)
    {
        if (heldCount == held.Length)
        {
            nint[] larger = new nint[Math.Max(RingLength, 2 * heldCount)];
            held.CopyTo(larger, 0);
            Volatile.Write(ref held, larger);
        }

        held[heldCount] = handle;
        Volatile.Write(ref heldCount, heldCount + 1);
    }

    /// <summary>The handles held since there were <paramref name="count"/> are not used any more.</summary>
    internal void ReleaseHeld(int count) => Volatile.Write(ref heldCount, count);

    /// <summary>Adds what the thread announces; on any thread, after a barrier on all processors.</summary>
    internal void AddInUse(HashSet<nint> handles)
    {
        handles.Add(Volatile.Read(ref left));
        handles.Add(Volatile.Read(ref right));
        handles.Add(Volatile.Read(ref property));
        ReadOnlySpan<nint> recent = ring;
        for (int i = 0; i < RingLength; i++)
        {
            handles.Add(Volatile.Read(in recent[i]));
        }

        // After the ring, from which a handle may have gone over to these; the number before the array, which only grows.
        int count = Volatile.Read(ref heldCount);
        foreach (nint handle in Volatile.Read(ref held).AsSpan(0, count))
        {
            handles.Add(handle);
        }
    }

    /// <summary>Takes back what the thread, the calling one, has announced of an array that it disposes.</summary>
    internal void Withdraw(nint handle)
    {
        Span<nint> recent = ring;
        for (int i = recent.IndexOf(handle); i >= 0; i = recent.IndexOf(handle))
        {
            recent[i] = 0;
        }
    }

    [InlineArray(RingLength)]
    private struct Ring
    {
        private nint first;
    }
}
