using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Watches one array for the thread that made it. A weak handle knows the native array, and its weak reference tells when the array is
/// unreachable. A finalizer would tell too, but registering and running one costs several times as much as making an array. Weak handles
/// are reused, because a weak reference is expensive to create and cheap to set.
/// </summary>
internal sealed class WeakHandle(ThreadState owner) : ArrayWatch(owner)
{
    // Tracks resurrection, so that an array that another object's finalizer still uses counts as reachable until that finalizer has run.
    private WeakGCHandle<MlxArray> _array = new(null!, trackResurrection: true);

    private nint _handle;

    /// <summary>The native array, or 0 if the array was disposed.</summary>
    internal nint Handle
    {
        get => Volatile.Read(ref _handle);
        private set => Volatile.Write(ref _handle, value);
    }

    /// <summary>Whether the array belongs to the program rather than to the library's caches.</summary>
    internal bool Counted { get; private set; }

    /// <summary>The owner's list that contains this weak handle; only the owner reads it.</summary>
    internal WeakHandleList? List { get; set; }

    /// <summary>The position in that list.</summary>
    internal int Index { get; set; }

    /// <summary>The next weak handle in the stack that other threads returned.</summary>
    internal WeakHandle? Next { get; set; }

    /// <summary>Whether the array is unreachable and wasn't disposed; false if there is no array.</summary>
    /// <remarks>
    /// The order matters. The disposing thread keeps the array alive until the handle is 0, so if the array is gone, the handle tells
    /// whether the array was disposed. In the other order, the array could be disposed and collected between the two reads, and its handle
    /// would be freed twice.
    /// </remarks>
    internal bool IsUnreachable => !_array.TryGetTarget(out _) && Handle != 0;

    internal void Watch(MlxArray watched, nint native, bool count)
    {
        _array.SetTarget(watched);
        Handle = native;
        Counted = count;
    }

    /// <summary>Records that the array refers to another native array.</summary>
    internal void Exchange(nint native) => Handle = native;

    /// <summary>Clears the handle, which the caller then owns.</summary>
    internal void Leave() => Handle = 0;

    /// <summary>Releases the weak reference; the weak handle isn't reused.</summary>
    internal void Discard() => _array.Dispose();
}
