using System.Diagnostics;
using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// A lazily evaluated multi-dimensional array of MLX (<c>mlx.core.array</c>) with one native handle. <see cref="Dispose"/> frees the handle
/// immediately, a <see cref="MlxScope"/> frees the handles of all arrays made inside it, and the handle of an unreachable array is freed
/// after a garbage collection. Any thread may use, evaluate, and dispose any array.
/// </summary>
/// <remarks>
/// A .NET number converts implicitly to an array and is then weakly typed: an integer takes the element type of the array next to it, and a
/// floating-point number takes the type of a floating-point array and is float32 otherwise. Such scalars are shared and own nothing, so
/// disposing them has no effect.
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public sealed unsafe partial class MlxArray : IDisposable
{
    // A flag in _native: a thread other than the array's own has used the array, so it is no longer freed immediately.
    private const nint UsedByOthers = 1;

    // The native array, or 0. NativeFree ensures that only one thread takes it out; that thread frees it.
    private nint _native;

    // Tells the thread that made the array that it is unreachable: a LatestToken until the thread makes the next array, then a WeakHandle.
    // For arrays of an arena, the Arena or a BorrowedHandle.
    private ArrayWatch? _watch;

    // One of: null, the shape (int[]) once it was requested, WeakScalar, ArrayProxy, SharedScalar, ArrayKind, FlatPart, KnownRange.
    private object? _extra;

    /// <summary>Takes ownership of the handle and adds the array to the thread's arena or to the current <see cref="MlxScope"/>.</summary>
    internal MlxArray(mlx_array handle)
        : this(handle, ThreadState.Current)
    {
    }

    /// <inheritdoc cref="MlxArray(mlx_array)"/>
    /// <param name="handle">The native array.</param>
    /// <param name="thread">The state of the calling thread.</param>
    internal MlxArray(mlx_array handle, ThreadState thread)
    {
        _native = (nint)handle.ctx;
        if (thread.Arena is { } arena)
        {
            arena.Add(this);
            return;
        }

        BecomeOrdinary(scoped: true, thread);
    }

    internal MlxArray(WeakScalar scalar) => _extra = scalar;

    internal MlxArray(ArrayProxy proxy) => _extra = proxy;

    private MlxArray()
    {
    }

    /// <summary>Whether the native array has been freed, by <see cref="Dispose"/> for example.</summary>
    public bool IsDisposed => _native == 0 && _extra is not WeakScalar && _extra is not ArrayProxy { IsDisposed: false };

    /// <summary>The native array; for a weak scalar, one of its default type.</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    /// <remarks>
    /// The handle stays valid until the thread's next operation has its result (<see cref="NativeCall.Result(int, mlx_array, string)"/>),
    /// even if another thread disposes the array, as long as this thread takes fewer than <see cref="ThreadState.RingLength"/> other
    /// handles in between and keeps the array alive. For longer use, take a reference (<see cref="HeldArray"/>).
    /// </remarks>
    internal mlx_array Handle
    {
        get
        {
            ThreadState thread = ThreadState.Current;
            return Protect(thread, ref thread.NextInRing);
        }
    }

    /// <summary>Protects the native array with a hazard pointer in <paramref name="slot"/>, and returns it.</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal mlx_array Protect(ThreadState thread, ref nint slot)
    {
        nint mine = Volatile.Read(ref _native);
        Volatile.Write(ref slot, mine & ~UsedByOthers);

        // A thread that takes the native array out and then reads the hazard pointers sees this one; otherwise, this read sees that it was
        // taken out.
        return mine == Volatile.Read(ref _native) && ((mine & UsedByOthers) != 0 || (mine != 0 && _watch?.Owner == thread))
            ? new mlx_array { ctx = (void*)(mine & ~UsedByOthers) }
            : ProtectShared(thread, ref slot);
    }

    /// <summary>Returns another handle for the native array, which the caller owns (<c>mlx_array_set</c>).</summary>
    /// <exception cref="ObjectDisposedException">The array has been disposed.</exception>
    internal mlx_array NewHandle()
    {
        ThreadState thread = ThreadState.Current;
        mlx_array handle = default;
        int status = Mlxc.mlx_array_set(&handle, Protect(thread, ref thread.Property));
        Volatile.Write(ref thread.Property, 0);
        GC.KeepAlive(this);
        MlxError.ThrowIfFailed(status, "mlx_array_set");
        return handle;
    }

    /// <summary>Loads the native array into the processor's cache.</summary>
    internal void PrefetchNative() => Prefetch.Memory(_native);

    /// <summary>Whether this array represents a .NET number, which is weakly typed.</summary>
    internal bool IsWeakScalar => _extra is WeakScalar;

    /// <summary>The proxy that identifies the array that this one represents, or null.</summary>
    internal ArrayProxy? Proxy => _extra as ArrayProxy;

    /// <summary>Whether this array has no native array of its own but represents another array.</summary>
    internal bool IsProxy => _native == 0 && _extra is ArrayProxy;

    /// <summary>Whether this array is more than the shape of an array that never had a value.</summary>
    internal bool HasValue => _native != 0 || _extra is not ArrayProxy { HasValue: false };

    /// <summary>
    /// Sets the array that an argument of a function under a transform represents once the function has returned and the argument is
    /// disposed.
    /// </summary>
    internal void SetProxy(ArrayProxy proxy) => _extra = proxy;

    /// <summary>The number that this array represents, or null.</summary>
    internal WeakScalar? Weak => _extra as WeakScalar;

    /// <summary>The watch that tells the thread that made this array that the array is unreachable.</summary>
    internal ref ArrayWatch? Watch => ref _watch;

    /// <summary>Frees the native array. Repeated calls, even from several threads at once, have no effect.</summary>
    public void Dispose()
    {
        if (_native != 0)
        {
            NativeFree.Free(this);

            // While the array is reachable, no sweep takes it for unreachable.
            GC.KeepAlive(this);
        }
    }

    /// <summary>Takes the native array out; only for <see cref="NativeFree"/>, which admits one caller at a time.</summary>
    /// <param name="thread">The state of the calling thread.</param>
    /// <param name="isPrivate">Whether no other thread has ever used the array.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal nint TakeNative(ThreadState thread, out bool isPrivate)
    {
        // NativeFree reads the watch only after this.
        nint taken = Volatile.Read(ref _native);
        isPrivate = (taken & UsedByOthers) == 0 && _watch?.Owner == thread;
        _native = 0;
        return taken & ~UsedByOthers;
    }

    /// <summary>Records that another thread uses the native array; only for <see cref="NativeFree"/>.</summary>
    internal void MarkUsedByOthers()
    {
        nint mine = Volatile.Read(ref _native);
        if (mine != 0)
        {
            Volatile.Write(ref _native, mine | UsedByOthers);
        }
    }

    /// <summary>Makes this object refer to another native array; only for <see cref="NativeFree"/>.</summary>
    /// <returns>The previous native array, or 0 if this object was disposed; it then stays disposed.</returns>
    internal nint ExchangeNative(ThreadState thread, nint replacement, ArrayKind? kind, out bool isPrivate)
    {
        nint taken = Volatile.Read(ref _native);
        isPrivate = (taken & UsedByOthers) == 0 && _watch?.Owner == thread;
        nint old = taken & ~UsedByOthers;
        if (old != 0)
        {
            _extra = null;
            thread.Exchange(this, old, replacement);
            Volatile.Write(ref _native, isPrivate ? replacement : replacement | UsedByOthers);
            _extra = kind;
            LiveArrays.Moved(old, replacement);
        }

        return old;
    }

    /// <summary>Creates an array for the library's own caches, outside scopes and the count of live arrays.</summary>
    internal static MlxArray CreateShared(mlx_array handle)
    {
        var array = new MlxArray();
        array._native = (nint)handle.ctx;
        ThreadState.Current.WatchWeakly(array, array._native, counted: false);
        return array;
    }

    /// <summary>
    /// Creates an array that outlives every <see cref="MlxScope"/>, such as the state that an optimizer keeps between steps.
    /// </summary>
    internal static MlxArray CreateUnscoped(mlx_array handle)
    {
        var array = new MlxArray();
        array._native = (nint)handle.ctx;
        LiveArrays.Created(array, array._native, ThreadState.Current);
        LiveArrays.Record(array, array._native);
        return array;
    }

    /// <summary>Creates an array that isn't yet counted or watched.</summary>
    internal static MlxArray Unwatched(mlx_array handle) => new() { _native = (nint)handle.ctx };

    /// <summary>Makes this array an ordinary one, which is counted and watched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void BecomeOrdinary(bool scoped, ThreadState? thread = null)
    {
        nint handle = _native & ~UsedByOthers;
        LiveArrays.Created(this, handle, thread ?? ThreadState.Current);
        if (LiveArrays.Recording)
        {
            LiveArrays.Record(this, handle);
        }

        if (scoped && MlxScope.AnyOpen)
        {
            MlxScope.Register(this);
        }
    }

    /// <summary>Gives an array with a borrowed handle its own handle.</summary>
    internal void ReplaceBorrowed(mlx_array own)
    {
        _native = (nint)own.ctx;
        _extra = null;
    }

    /// <summary>Makes this object refer to another array, and takes ownership of its handle (in-place semantics).</summary>
    internal void ReplaceHandle(mlx_array replacement)
    {
        if (_native == 0 && _extra is ArrayProxy proxy)
        {
            proxy.Resolve().ReplaceHandle(replacement);
            return;
        }

        if (_extra is WeakScalar)
        {
            NativeFree.Free(replacement.ctx);
            throw new InvalidOperationException("A .NET number that represents an array can't be changed in "
                + "place; create an array with MlxArray.Create first.");
        }

        if (Arena.IsBorrowed(this))
        {
            ReplaceBorrowed(replacement);
            ThreadState.Current.Arena?.Adopt(this);
            return;
        }

        NativeFree.Free(ExchangeHandle(replacement, null).ctx);
    }

    /// <summary>Like <see cref="ReplaceHandle"/>, for an array that isn't a .NET number.</summary>
    /// <param name="replacement">The native array to which this object refers from now on.</param>
    /// <param name="kind">Its shape and dtype, if known.</param>
    /// <returns>The previous native array, which the caller then owns; a null handle if other threads may be using it.</returns>
    internal mlx_array ExchangeHandle(mlx_array replacement, ArrayKind? kind)
    {
        if (!NativeFree.Exchange(this, (nint)replacement.ctx, kind, out nint old))
        {
            NativeFree.Free(replacement.ctx);
            throw Disposed();
        }

        GC.KeepAlive(this);
        return new mlx_array { ctx = (void*)old };
    }

    // Handles the slow cases: the first use by another thread, a concurrent change of the array, or no native array.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private mlx_array ProtectShared(ThreadState thread, ref nint slot)
    {
        while (true)
        {
            nint mine = Volatile.Read(ref _native);
            if (mine == 0)
            {
                Volatile.Write(ref slot, 0);
                return HandleOfWeakScalar();
            }

            if ((mine & UsedByOthers) == 0 && _watch?.Owner != thread)
            {
                NativeFree.Share(this);
                continue;
            }

            Volatile.Write(ref slot, mine & ~UsedByOthers);
            if (Volatile.Read(ref _native) == mine)
            {
                return new mlx_array { ctx = (void*)(mine & ~UsedByOthers) };
            }
        }
    }

    private mlx_array HandleOfWeakScalar() => _extra switch
    {
        WeakScalar scalar => scalar.Native(scalar.DefaultDType).Handle,
        ArrayProxy proxy => proxy.Resolve().Handle,
        _ => throw Disposed(),
    };

    private static ObjectDisposedException Disposed() => new(
        nameof(MlxArray), "The array has been disposed: by Dispose, by a using statement, at the end of an "
        + "MlxScope (keep it with scope.Keep), or at the end "
        + "of an optimizer's update, where it was a temporary (keep it with MlxScope.Detach).");
}
