using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Owns the arrays that the operations of one thread make while it is open, and frees them together. They are cheap, because they are
/// neither watched nor counted, and belong to no <see cref="MlxScope"/>. Arrays that live on are taken out. Arenas nest; unlike scopes,
/// they don't follow <c>await</c>.
/// </summary>
internal sealed unsafe class Arena : ArrayWatch, IDisposable
{
    private readonly ThreadState _thread;
    private MlxArray?[] _made = new MlxArray?[32];
    private int _count;
    private Arena? _outer;

    // How many handles the thread held when this was opened.
    private int _held;

    private Arena(ThreadState thread)
        : base(thread) => _thread = thread;

    /// <summary>The scalars that parameters of one shape share; null if nothing is shared.</summary>
    internal SharedScalars? Scalars { get; private set; }

    /// <summary>Opens an arena on the calling thread, which also disposes it.</summary>
    internal static Arena Open(SharedScalars? scalars = null)
    {
        ThreadState thread = ThreadState.Current;
        Arena arena = thread.SpareArena ?? new Arena(thread);
        thread.SpareArena = arena._outer;
        arena._outer = thread.Arena;
        arena.Scalars = scalars;
        arena._held = thread.HeldCount;
        thread.Arena = arena;
        return arena;
    }

    /// <summary>Closes all arenas of the thread temporarily, because other code may keep the arrays that it makes.</summary>
    internal static Suspension Suspend()
    {
        ThreadState thread = ThreadState.Current;
        Suspension suspension = new(thread, thread.Arena);
        thread.Arena = null;
        return suspension;
    }

    /// <summary>Whether an array belongs to an arena, or borrows its handle in one.</summary>
    internal static bool Has(MlxArray array) => array.Watch is Arena || IsBorrowed(array);

    /// <summary>Whether the handle of an array is borrowed.</summary>
    internal static bool IsBorrowed(MlxArray array) => array.Watch is BorrowedHandle;

    /// <summary>
    /// Makes an array of an arena an ordinary one that belongs to no scope, because it became part of state that lives longer.
    /// </summary>
    internal static void Detach(MlxArray array)
    {
        if (array.Watch is Arena)
        {
            array.Watch = null;
            array.BecomeOrdinary(scoped: false);
        }
        else if (IsBorrowed(array))
        {
            array.Unborrow(Copy(array));
            array.Watch = null;
            array.BecomeOrdinary(scoped: false);
        }
    }

    /// <summary>A second handle for the native array of an array, which the caller owns.</summary>
    internal static mlx_array Copy(MlxArray array)
    {
        if (array.Weak is { } weak)
        {
            return weak.Build(weak.DefaultDType);
        }

        mlx_array copy = default;
        int status = Mlxc.mlx_array_set(&copy, array.Handle);
        GC.KeepAlive(array);
        MlxError.ThrowIfFailed(status, "mlx_array_set");
        return copy;
    }

    /// <summary>Takes over an array that was just made; called by the array itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(MlxArray array)
    {
        array.Watch = this;
        Remember(array);
    }

    /// <summary>An array, valid as long as the arena, that uses the handle of another array, which must live as long.</summary>
    internal MlxArray Borrow(MlxArray array)
    {
        MlxArray borrowed;
        if (ReferenceEquals(_thread.Arena, this))
        {
            // Whoever disposes the array meanwhile, on another thread, leaves the handle until this is released.
            mlx_array handle = array.Handle;
            _thread.Hold((nint)handle.ctx);
            GC.KeepAlive(array);
            borrowed = MlxArray.Unwatched(handle);
            borrowed.Watch = _thread.Borrowed;
        }
        else
        {
            borrowed = MlxArray.Unwatched(Copy(array));
            borrowed.Watch = this;
        }

        if (array.Kind is { } kind)
        {
            borrowed.Learn(kind);
        }

        Remember(borrowed);
        return borrowed;
    }

    /// <summary>A handle for the native array of an array, which the caller owns: the array's own if it belongs to this arena.</summary>
    internal mlx_array Take(MlxArray array)
    {
        if (!ReferenceEquals(array.Watch, this))
        {
            return Copy(array);
        }

        // Code that still uses the array may do so until the arena lets go of it.
        mlx_array handle = array.Handle;
        array.Watch = _thread.Borrowed;
        return handle;
    }

    /// <summary>Extends the life of an array of a nested arena to that of this arena.</summary>
    internal void Adopt(MlxArray array) => Add(array);

    /// <summary>Passes a result to the enclosing arena or to the program.</summary>
    /// <returns>The same array, unless its handle is borrowed.</returns>
    internal MlxArray Keep(MlxArray array)
    {
        if (IsBorrowed(array))
        {
            array = MlxArray.Unwatched(Copy(array));
        }
        else if (!ReferenceEquals(array.Watch, this))
        {
            return array;
        }

        array.Watch = null;
        if (_outer is { } outer)
        {
            outer.Add(array);
        }
        else
        {
            array.BecomeOrdinary(scoped: true);
        }

        return array;
    }

    /// <summary>Frees the arrays that were made and not taken out, which are then disposed.</summary>
    internal void Release()
    {
        NativeFree.Free(_made.AsSpan(0, _count), this);
        _count = 0;
        if (ReferenceEquals(_thread.Arena, this))
        {
            _thread.ReleaseHeld(_held);
        }
    }

    /// <summary>Frees the arrays that were made and not taken out, and closes the arena.</summary>
    public void Dispose()
    {
        int used = _count;
        Release();
        Array.Clear(_made, 0, used);
        _thread.Arena = _outer;
        _outer = _thread.SpareArena;
        Scalars = null;
        _thread.SpareArena = this;
    }

    private void Remember(MlxArray array)
    {
        if (_count == _made.Length)
        {
            Array.Resize(ref _made, 2 * _count);
        }

        _made[_count++] = array;
    }

    internal readonly ref struct Suspension(ThreadState thread, Arena? arena)
    {
        public void Dispose() => thread.Arena = arena;
    }
}
