using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// A multi-dimensional array of MLX (<c>mlx.core.array</c>): one native handle, lazily evaluated.
/// <see cref="Dispose"/> frees the handle at once, the finalizer frees what was forgotten, a <see cref="MlxScope"/>
/// frees everything made inside it. Any thread may use, evaluate and dispose any array.
/// </summary>
/// <remarks>
/// A .NET number converts implicitly to an array and is then weakly typed: beside an array it takes that array's
/// element type. Such scalars are shared and own nothing, so disposing them does nothing.
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed unsafe partial class MlxArray : IDisposable
{
    // Tells a handle that the library keeps for good from the ones that programs own.
    private static readonly object SharedMark = new();

    private nint handle;

    // Nothing yet, the shape (int[]) once somebody asked for it, what a weak scalar stands for, or the mark.
    private object? extra;

    /// <summary>Takes ownership of the handle and hands the array to the current <see cref="MlxScope"/>.</summary>
    internal MlxArray(mlx_array handle)
    {
        this.handle = (nint)handle.ctx;
        LiveArrays.Created(this, this.handle);
        if (MlxScope.AnyActive)
        {
            MlxScope.Register(this);
        }
    }

    internal MlxArray(WeakScalar scalar)
    {
        extra = scalar;
        GC.SuppressFinalize(this);
    }

    private MlxArray(mlx_array handle, object? mark)
    {
        this.handle = (nint)handle.ctx;
        extra = mark;
    }

    /// <summary>Frees the native array if nobody disposed this one.</summary>
    ~MlxArray() => Release();

    /// <summary>Whether <see cref="Dispose"/> has freed the native array.</summary>
    public bool IsDisposed => handle == 0 && extra is not WeakScalar;

    /// <summary>The native array; a weak scalar gives one of its default type.</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    internal mlx_array Handle
    {
        get
        {
            nint native = handle;
            return native != 0 ? new mlx_array { ctx = (void*)native } : HandleOfWeakScalar();
        }
    }

    /// <summary>Whether this stands for a .NET number, which takes the element type of the array it meets.</summary>
    internal bool IsWeakScalar => handle == 0 && extra is WeakScalar;

    /// <summary>The number this stands for, or null.</summary>
    internal WeakScalar? Weak => extra as WeakScalar;

    /// <summary>Frees the native array. Doing it twice, or from several threads at once, is harmless.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>An array for the library's own caches: outside of scopes and of the count of live arrays.</summary>
    internal static MlxArray CreateShared(mlx_array handle) => new(handle, SharedMark);

    /// <summary>An array that outlives every <see cref="MlxScope"/>, such as the state that an optimizer keeps from step to step.</summary>
    internal static MlxArray CreateUnscoped(mlx_array handle)
    {
        var array = new MlxArray(handle, mark: null);
        LiveArrays.Created(array, array.handle);
        return array;
    }

    /// <summary>Makes this object stand for another array and takes ownership of its handle (in-place semantics).</summary>
    internal void ReplaceHandle(mlx_array replacement)
    {
        if (extra is WeakScalar)
        {
            NativeFree.Free(replacement.ctx);
            throw new InvalidOperationException("A .NET number that stands for an array cannot be changed in place; make an array with MlxArray.Create first.");
        }

        nint old = Interlocked.Exchange(ref handle, (nint)replacement.ctx);
        extra = ReferenceEquals(extra, SharedMark) ? SharedMark : null;
        if (old == 0)
        {
            // Disposed before: stay disposed, and do not leak the replacement.
            NativeFree.Free((void*)Interlocked.Exchange(ref handle, 0));
            throw Disposed();
        }

        LiveArrays.Moved(old, (nint)replacement.ctx);
        NativeFree.Free((void*)old);
    }

    private void Release()
    {
        nint native = Interlocked.Exchange(ref handle, 0);
        if (native != 0)
        {
            if (!ReferenceEquals(extra, SharedMark))
            {
                LiveArrays.Freed(native);
            }

            NativeFree.Free((void*)native);
        }
    }

    private mlx_array HandleOfWeakScalar() =>
        extra is WeakScalar scalar ? scalar.Native(scalar.DefaultDType).Handle : throw Disposed();

    private static ObjectDisposedException Disposed() => new(
        nameof(MlxArray), "The array has been disposed: by Dispose, by a using statement, or at the end of an MlxScope (keep it with scope.Keep).");
}
