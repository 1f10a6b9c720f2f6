using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Owns the arrays that one thread's operations make while the arena is open, and frees them together. These arrays are cheap: they are
/// neither watched nor counted, and they belong to no <see cref="MlxScope"/>. The arena's user takes out the arrays that must outlive it.
/// Arenas nest. Unlike scopes, they don't follow <c>await</c>.
/// </summary>
internal sealed unsafe class Arena : ArrayWatch, IDisposable
{
    private readonly ThreadState _thread;
    private MlxArray?[] _made = new MlxArray?[32];
    private int _count;
    private Arena? _outer;

    // The number of handles that the thread held when this arena was opened.
    private int _held;

    private Arena(ThreadState thread)
        : base(thread) => _thread = thread;

    /// <summary>The scalars that parameters of one shape share; null if nothing is shared.</summary>
    internal SharedScalars? Scalars { get; private set; }

    /// <summary>Opens an arena on the calling thread; the same thread must dispose it.</summary>
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

    /// <summary>Suspends the thread's arenas while other code runs, because that code may keep the arrays that it makes.</summary>
    internal static Suspension Suspend()
    {
        ThreadState thread = ThreadState.Current;
        Suspension suspension = new(thread, thread.Arena);
        thread.Arena = null;
        return suspension;
    }

    /// <summary>Whether an array belongs to an arena or has a borrowed handle.</summary>
    internal static bool Has(MlxArray array) => array.Watch is Arena || IsBorrowed(array);

    /// <summary>Whether the handle of an array is borrowed.</summary>
    internal static bool IsBorrowed(MlxArray array) => array.Watch is BorrowedHandle;

    /// <summary>
    /// Turns an arena's array into an ordinary one that belongs to no scope, because the array has become part of state that lives longer.
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
            array.ReplaceBorrowed(Copy(array));
            array.Watch = null;
            array.BecomeOrdinary(scoped: false);
        }
    }

    /// <summary>Returns a second handle for an array's native array; the caller owns the handle.</summary>
    internal static mlx_array Copy(MlxArray array) =>
        array.Weak is { } weak ? weak.Build(weak.DefaultDType) : array.NewHandle();

    /// <summary>Takes over a newly made array; called by the array itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(MlxArray array)
    {
        array.Watch = this;
        Remember(array);
    }

    /// <summary>
    /// Makes an array that uses another array's handle and is valid as long as the arena; the other array must live as long.
    /// </summary>
    internal MlxArray Borrow(MlxArray array)
    {
        MlxArray borrowed;
        if (ReferenceEquals(_thread.Arena, this))
        {
            // Holding the handle keeps it valid until this arena is released, even if another thread disposes the array.
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
            borrowed.SetKind(kind);
        }

        Remember(borrowed);
        return borrowed;
    }

    /// <summary>
    /// Returns a handle that the caller owns: the array's own handle if the array belongs to this arena, otherwise a copy.
    /// </summary>
    internal mlx_array Take(MlxArray array)
    {
        if (!ReferenceEquals(array.Watch, this))
        {
            return Copy(array);
        }

        // Code that still uses the array may do so until the arena releases it.
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

    /// <summary>Frees and disposes the arrays that were made and not taken out.</summary>
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
