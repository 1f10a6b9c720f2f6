using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>A native object that is freed when it was disposed, or when nobody has it any more, and no call is using it.</summary>
internal sealed class NativeHandle : SafeHandle
{
    private readonly Action<nint> free;

    /// <param name="handle">The object, which this takes over.</param>
    /// <param name="free">Frees it; must not refer to who has the handle.</param>
    internal NativeHandle(nint handle, Action<nint> free)
        : base(0, ownsHandle: true)
    {
        this.free = free;
        SetHandle(handle);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Uses the object until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    internal Use Enter() => new(this);

    protected override bool ReleaseHandle()
    {
        free(handle);
        return true;
    }

    internal readonly ref struct Use : IDisposable
    {
        private readonly NativeHandle? owner;

        internal Use(NativeHandle owner)
        {
            bool entered = false;
            owner.DangerousAddRef(ref entered);
            this.owner = owner;
        }

        /// <summary>The object; 0 of a use of nothing.</summary>
        internal nint Value => owner?.handle ?? 0;

        public void Dispose() => owner?.DangerousRelease();
    }
}
