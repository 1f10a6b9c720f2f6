using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>
/// The library's state for one thread: the numbers of arrays that the thread made and freed, their weak handles, and the version of the
/// streams that the thread uses. All of it is in one object, because the thread-static lookup is expensive. The counts are per thread,
/// because a shared counter would cost every operation a contended cache line.
/// </summary>
internal sealed partial class ThreadState
{
    [ThreadStatic]
    private static ThreadState? _current;

    [ThreadStatic]
#pragma warning disable IDE0052 // Lives as long as the thread; its finalizer reports that the thread has ended.
    private static EndOfThread? _end;
#pragma warning restore IDE0052

    private readonly Thread _thread = Thread.CurrentThread;
    private BorrowedHandle? _borrowed;
    private long _ofGradients;
    private long _evaluated;
    private long _measured;

    internal static ThreadState Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _current ?? Join();
    }

    /// <summary>Whether the thread is alive and has made arrays or called operations, so that it may be inside MLX.</summary>
    internal bool MayBeInside => (Created != 0 || StreamsVersion != 0) && _thread.IsAlive;

    /// <summary>Whether this is the library's own thread, whose idleness the library tracks separately.</summary>
    internal bool IsStreamThread { get; set; }

    /// <summary>The number of arrays made on this thread.</summary>
    internal long Created { get; set; }

    /// <summary>
    /// The number of operations that graphs of this thread may hold: those called, and those of gradients, since its last evaluation.
    /// </summary>
    internal long Unevaluated
    {
        get => Operations - _evaluated;
        set => _evaluated = Operations - value;
    }

    /// <summary>
    /// Like <see cref="Unevaluated"/>, for a graph of another thread: operations that <see cref="MarkMeasured"/> has seen don't count.
    /// </summary>
    internal long UnevaluatedForOthers => Operations - Math.Max(_evaluated, Volatile.Read(ref _measured));

    private long Operations => Created + _ofGradients;

    /// <summary>Counts operations of a gradient, which make no arrays on this thread.</summary>
    internal void AddOfGradient(long operations) => _ofGradients += operations;

    /// <summary>Records that no graph that another thread measured was deep; any thread may call this.</summary>
    internal void MarkMeasured() => Volatile.Write(ref _measured, Operations);

    /// <summary>The number of arrays freed on this thread; only this thread changes it.</summary>
    internal long Freed { get; set; }

    /// <summary>The number of unreachable arrays that were made on this thread; the sweeping thread counts them.</summary>
    internal long Unreachable { get; private set; }

    /// <summary>The number of arrays made on this thread minus the numbers freed on it and found unreachable.</summary>
    internal long Excess => Created - Freed - Unreachable;

    /// <summary>
    /// The version of the library's default streams that was last set in MLX on this thread (<see
    /// cref="Streams.PrepareThread(ThreadState)"/>).
    /// </summary>
    internal int StreamsVersion { get; set; }

    /// <summary>Whether the thread is inside a native free, which may call back into the program.</summary>
    internal bool IsFreeing { get; set; }

    /// <summary>The innermost arena that the thread has opened, or null.</summary>
    internal Arena? Arena { get; set; }

    /// <summary>The watch of those arrays in this thread's arenas whose handles are borrowed.</summary>
    internal BorrowedHandle Borrowed => _borrowed ??= new BorrowedHandle(this);

    /// <summary>Closed arenas, linked for reuse.</summary>
    internal Arena? SpareArena { get; set; }

    /// <summary>Decides when the thread asks the garbage collector to look for unreachable arrays.</summary>
    internal CountPressure Pressure { get; } = new();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ThreadState Join()
    {
        ProcessEnd.Register();
        ProcessEnd.RegisterFirstThread();
        Metrics.Publish();
        NativeFree.Sweeper.Watch();
        FreedMemory.Keep();
        var thread = new ThreadState();
        ThreadStates.Add(thread);
        _end = new EndOfThread(thread);
        return _current = thread;
    }

    private sealed class EndOfThread(ThreadState thread)
    {
        ~EndOfThread() => ThreadStates.End(thread);
    }
}
