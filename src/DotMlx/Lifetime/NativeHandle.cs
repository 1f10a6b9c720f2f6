using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>A native object that is freed once it is disposed or unreachable and no call uses it.</summary>
internal sealed class NativeHandle : SafeHandle
{
    private readonly Action<nint> _free;
    private volatile bool _disposed;

    /// <param name="handle">The object, whose ownership passes to the handle.</param>
    /// <param name="free">Frees the object, possibly on the finalizer thread; no other object may hold the delegate.</param>
    internal NativeHandle(nint handle, Action<nint> free)
        : base(0, ownsHandle: true)
    {
        _free = free;
        SetHandle(handle);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Whether the object was disposed, although calls that began earlier may still use it.</summary>
    internal bool IsDisposed => _disposed;

    /// <summary>Uses the object until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The object was disposed.</exception>
    internal Use Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new Use(this);
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        base.Dispose(disposing);
    }

    protected override bool ReleaseHandle()
    {
        _free(handle);
        return true;
    }

    internal readonly ref struct Use : IDisposable
    {
        private readonly NativeHandle? _owner;

        internal Use(NativeHandle owner)
        {
            bool entered = false;
            owner.DangerousAddRef(ref entered);
            _owner = owner;
        }

        /// <summary>The object, or 0 for a default <see cref="Use"/>.</summary>
        internal nint Value => _owner?.handle ?? 0;

        public void Dispose() => _owner?.DangerousRelease();
    }
}
