using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Watches one array for the thread that made it: knows the native array, and has a weak reference that tells when nobody has the array any
/// more. A finalizer would tell as well, but registering one and running it costs several times what making an array does. Guards serve
/// again and again, for the weak reference is dear to make and cheap to set.
/// </summary>
internal sealed class HandleGuard(ThreadState owner) : ArrayWatch(owner)
{
    // Follows an array that another object's finalizer still uses until that has run.
    private WeakGCHandle<MlxArray> array = new(null!, trackResurrection: true);

    private nint handle;

    /// <summary>What the array stands for, or 0 where it was disposed.</summary>
    internal nint Handle
    {
        get => Volatile.Read(ref handle);
        private set => Volatile.Write(ref handle, value);
    }

    /// <summary>Whether the array is one that programs own, and not one of the library's caches.</summary>
    internal bool Counted { get; private set; }

    /// <summary>In which of the owner's lists this is; only the owner asks.</summary>
    internal GuardList? List { get; set; }

    /// <summary>Where in that list.</summary>
    internal int Index { get; set; }

    /// <summary>The next one that other threads gave back.</summary>
    internal HandleGuard? Next { get; set; }

    /// <summary>Whether nobody can dispose the array any more; false where there is none.</summary>
    /// <remarks>
    /// The order matters: whoever disposes the array keeps it alive until the handle is 0, so where the array is gone the handle says whether it was disposed.
    /// The other way round it could be disposed and collected between the two reads, and be freed twice.
    /// </remarks>
    internal bool IsForgotten => !array.TryGetTarget(out _) && Handle != 0;

    internal void Watch(MlxArray watched, nint native, bool count)
    {
        array.SetTarget(watched);
        Handle = native;
        Counted = count;
    }

    /// <summary>The array stands for another native one now.</summary>
    internal void Exchange(nint native) => Handle = native;

    /// <summary>Leaves the native array to the caller.</summary>
    internal void Leave() => Handle = 0;

    /// <summary>This will not serve again.</summary>
    internal void Discard() => array.Dispose();
}
