using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace DotMlx;

/// <summary>
/// Shuts the library down before the process ends. The C library destroys MLX's static objects while threads of the program may still use
/// them, and a signal would then end the process. Therefore, no new evaluation starts, and the library waits for the running one. If other
/// threads may still be inside MLX, the process ends without running those destructors.
/// </summary>
internal static unsafe class ProcessEnd
{
    // The limit for all waits together, so that a program that ends does so soon.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(1);

    // The thread that ends the process may still evaluate, because a later handler of the same event may save data.
    [ThreadStatic]
    private static bool _mayContinue;

    // Identifies the exit handler to the C library.
    private static readonly nint HandlerId = (nint)NativeMemory.Alloc(1);

    private static volatile bool _closed;
    private static int _registered;
    private static volatile bool _hasExitHandler;
    private static bool _isStopped;

    /// <summary>Whether the calling thread may no longer start work.</summary>
    internal static bool IsClosedHere => _closed && !_mayContinue;

    /// <summary>Whether the process is ending.</summary>
    internal static bool IsClosed => _closed;

    /// <summary>Whether this thread, or the thread that it works for, may continue after the process has begun to end.</summary>
    internal static bool MayContinue
    {
        get => _mayContinue;
        set => _mayContinue = value;
    }

    /// <summary>Subscribes to the end of the process; only the first call has an effect.</summary>
    internal static void Register()
    {
        if (Interlocked.Exchange(ref _registered, 1) != 0)
        {
            return;
        }

        AppDomain.CurrentDomain.ProcessExit += static (_, _) => CloseAndRemoveExitHandler();
        if (AssemblyLoadContext.GetLoadContext(typeof(ProcessEnd).Assembly) is { IsCollectible: true } context)
        {
            context.Unloading += static _ =>
            {
                StreamThread.Stop(ShutdownTimeout);
                NativeFree.Sweeper.Stop();
            };
        }
    }

    /// <summary>
    /// Registers for the end of a native program that hosts .NET, which raises no event. The C library runs handlers in the reverse order
    /// of registration, and MLX registers the destructors of its static objects when it first evaluates. The libraries of a GPU make
    /// static objects in later evaluations too, so this is called after evaluations 1, 2, 4, 8, and so on.
    /// </summary>
    internal static void RegisterExitHandler()
    {
        if (!_closed && Function("__cxa_atexit") is not 0 and nint atExit)
        {
            _hasExitHandler = true;
            delegate* unmanaged[Cdecl]<nint, void> handler = &AtExit;
            _ = ((delegate* unmanaged[Cdecl]<nint, nint, nint, int>)atExit)((nint)handler, 0, HandlerId);
        }
    }

    /// <summary>
    /// Registers for the end of the first thread of a native program, if this is it: on Linux, this comes before all exit handlers. On a
    /// GPU, libraries make static objects in later evaluations, and their destructors would run before the exit handler.
    /// </summary>
    internal static void RegisterFirstThread()
    {
        if (OperatingSystem.IsLinux() && Assembly.GetEntryAssembly() is null
            && Function("gettid") is not 0 and nint threadId
            && ((delegate* unmanaged[Cdecl]<int>)threadId)() == Environment.ProcessId
            && Function("__cxa_thread_atexit_impl") is not 0 and nint atThreadEnd)
        {
            delegate* unmanaged[Cdecl]<nint, void> handler = &AtEndOfFirstThread;
            _ = ((delegate* unmanaged[Cdecl]<nint, nint, nint, int>)atThreadEnd)((nint)handler, 0, HandlerId);
        }
    }

    /// <summary>
    /// Ends work that may no longer begin: the calling thread waits until the process is over. The thread of the streams goes on, because
    /// the thread that ends the process may need it.
    /// </summary>
    /// <exception cref="AbandonedException">This is the thread of the streams.</exception>
    internal static void Abandon()
    {
        if (StreamThread.IsCurrent)
        {
            throw new AbandonedException();
        }

        Thread.Sleep(Timeout.Infinite);
    }

    // The program's own exit handlers still run after this, unless an evaluation doesn't end.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void AtEndOfFirstThread(nint unused)
    {
        if (!_closed)
        {
            _isStopped = Stop();
            if (!_isStopped)
            {
                SkipDestructors(byEvent: false);
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void AtExit(nint unused)
    {
        if (!_closed)
        {
            Close(byEvent: false);
        }
        else if (_isStopped && ThreadStates.IsUsedByOthers())
        {
            SkipDestructors(byEvent: false);
        }
    }

    // The runtime can't run the handler after this event.
    private static void CloseAndRemoveExitHandler()
    {
        Close(byEvent: true);
        if (_hasExitHandler && Function("__cxa_finalize") is not 0 and nint finalize)
        {
            ((delegate* unmanaged[Cdecl]<nint, void>)finalize)(HandlerId);
        }
    }

    private static void Close(bool byEvent)
    {
        if (!Stop() || ThreadStates.IsUsedByOthers())
        {
            SkipDestructors(byEvent);
        }
    }

    // Whether the library has become idle in time.
    private static bool Stop()
    {
        MpiLibrary.FinalizeNow();
        _mayContinue = true;
        _closed = true;
        long deadline = Stopwatch.GetTimestamp() + (long)(ShutdownTimeout.TotalSeconds * Stopwatch.Frequency);
        return Evaluation.WaitUntilIdle(Remaining()) && StreamThread.WaitUntilIdle(Remaining()) && Synchronize(Remaining())
            && NativeFree.Close(Remaining());

        TimeSpan Remaining() => TimeSpan.FromSeconds(Math.Max(0, (double)(deadline - Stopwatch.GetTimestamp()) / Stopwatch.Frequency));
    }

    // Asynchronous evaluations that were not awaited run on MLX's own threads.
    private static bool Synchronize(TimeSpan patience)
    {
        if (!Evaluation.HasStartedAsynchronously)
        {
            return true;
        }

        var waiting = new Thread(static () =>
        {
            _mayContinue = true;
            Streams.SynchronizeAll();
        }) { IsBackground = true, Name = "DotMlx end" };
        waiting.UnsafeStart();
        return waiting.Join(patience);
    }

    // The C library runs handlers in the reverse order of registration: fflush first flushes all files, and _exit then ends the process. In
    // a native program, only on_exit knows the exit code.
    private static void SkipDestructors(bool byEvent)
    {
        if (Function("__cxa_atexit") is not 0 and nint atExit && Function("_exit") is not 0 and nint exit
            && Function("fflush") is not 0 and nint flush)
        {
            var register = (delegate* unmanaged[Cdecl]<nint, nint, nint, int>)atExit;
            if (byEvent)
            {
                _ = register(exit, Environment.ExitCode, 0);
            }
            else if (Function("on_exit") is not 0 and nint onExit)
            {
                _ = ((delegate* unmanaged[Cdecl]<nint, nint, int>)onExit)(exit, 0);
            }

            _ = register(flush, 0, 0);
        }
    }

    /// <summary>Work was abandoned because the process is ending.</summary>
    internal sealed class AbandonedException : Exception;

    // A function of the C library, or 0.
    private static nint Function(string name) => !OperatingSystem.IsWindows()
        && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out nint function) ? function : 0;
}
