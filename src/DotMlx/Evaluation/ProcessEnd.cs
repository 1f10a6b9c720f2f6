using System.Diagnostics;
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

    private static volatile bool _closed;
    private static int _registered;

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

        AppDomain.CurrentDomain.ProcessExit += static (_, _) => Close();
        if (AssemblyLoadContext.GetLoadContext(typeof(ProcessEnd).Assembly) is { IsCollectible: true } context)
        {
            context.Unloading += static _ =>
            {
                StreamThread.Stop(ShutdownTimeout);
                NativeFree.Sweeper.Stop();
            };
        }
    }

    private static void Close()
    {
        MpiLibrary.FinalizeNow();
        _mayContinue = true;
        _closed = true;
        long deadline = Stopwatch.GetTimestamp() + (long)(ShutdownTimeout.TotalSeconds * Stopwatch.Frequency);
        bool quiet = Evaluation.WaitUntilIdle(Remaining()) && StreamThread.WaitUntilIdle(Remaining()) && Synchronize(Remaining())
            && NativeFree.Close(Remaining());
        if (!quiet || ThreadStates.IsUsedByOthers())
        {
            SkipDestructors();
        }

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

    // The C library runs handlers in the reverse order of registration: fflush first flushes all files, and _exit then ends the process.
    private static void SkipDestructors()
    {
        nint program = OperatingSystem.IsWindows() ? 0 : NativeLibrary.GetMainProgramHandle();
        if (program != 0 && NativeLibrary.TryGetExport(program, "__cxa_atexit", out nint atExit)
            && NativeLibrary.TryGetExport(program, "_exit", out nint exit) && NativeLibrary.TryGetExport(program, "fflush", out nint flush))
        {
            var register = (delegate* unmanaged[Cdecl]<nint, nint, nint, int>)atExit;
            _ = register(exit, Environment.ExitCode, 0);
            _ = register(flush, 0, 0);
        }
    }
}
