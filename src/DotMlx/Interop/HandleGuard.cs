namespace DotMlx;

/// <summary>
/// The handle of an array, with the finalizer. Registering an object with the finalizer is the dearest thing about making
/// one; so arrays have no finalizer themselves, and an array that is disposed hands its guard on to the next one of its thread.
/// </summary>
internal sealed unsafe class HandleGuard
{
    private nint handle;
    private bool counted;

    // Other finalizers may still dispose the array of a guard that has been here: from now on there is nothing to free.
    ~HandleGuard()
    {
        nint forgotten = handle;
        if (forgotten != 0)
        {
            LiveArrays.Finalized(this);
            handle = 0;
            NativeFree.Free((void*)forgotten);
        }
    }

    /// <summary>The native array, or 0 where there is none any more.</summary>
    internal nint Handle => handle;

    /// <summary>Whether the array is one that programs own, and not one of the library's caches.</summary>
    internal bool Counted => counted;

    internal void Watch(nint native, bool count)
    {
        handle = native;
        counted = count;
    }

    /// <summary>Watches another array instead.</summary>
    internal void Exchange(nint native) => handle = native;

    /// <summary>Leaves the array to the caller.</summary>
    internal void Leave() => handle = 0;
}
