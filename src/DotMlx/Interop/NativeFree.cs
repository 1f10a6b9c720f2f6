using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Frees native arrays without ever waiting. MLX reads and rewrites graph nodes while it evaluates, and a node that dies
/// on another thread in that moment (the finalizer's, say) would do the same; so what is freed during an evaluation is
/// set aside, and whoever evaluates frees it afterwards. Two frees of neighbouring nodes exclude each other for the same reason.
/// </summary>
internal static unsafe class NativeFree
{
    private const int Idle = 0;
    private const int Freeing = 1;
    private const int Evaluating = 2;

    private static readonly ConcurrentQueue<nint> SetAside = new();
    private static int state;

    // How many are set aside or are about to be: never too few, and cheaper to look at than the queue.
    private static int waiting;

    internal static void Free(void* array)
    {
        if (array == null)
        {
            return;
        }

        if (Interlocked.CompareExchange(ref state, Freeing, Idle) != Idle)
        {
            Postpone(array);
            return;
        }

        FreeNow(array);
        Volatile.Write(ref state, Idle);
        if (Volatile.Read(ref waiting) != 0)
        {
            DrainIfIdle();
        }
    }

    /// <summary>Keeps frees away until <see cref="EndEvaluation"/>; the caller holds the evaluation lock.</summary>
    internal static void BeginEvaluation()
    {
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref state, Evaluating, Idle) != Idle)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    internal static void EndEvaluation()
    {
        Drain();
        Volatile.Write(ref state, Idle);
        DrainIfIdle();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Postpone(void* array)
    {
        Interlocked.Increment(ref waiting);
        SetAside.Enqueue((nint)array);
        DrainIfIdle();
    }

    // Somebody may have set an array aside between the last look and the state's release. Whoever frees next finds it at the latest.
    private static void DrainIfIdle()
    {
        while (!SetAside.IsEmpty && Interlocked.CompareExchange(ref state, Freeing, Idle) == Idle)
        {
            Drain();
            Volatile.Write(ref state, Idle);
        }
    }

    private static void Drain()
    {
        while (SetAside.TryDequeue(out nint array))
        {
            FreeNow((void*)array);
            Interlocked.Decrement(ref waiting);
        }
    }

    private static void FreeNow(void* array) => Mlxc.mlx_array_free(new mlx_array { ctx = array });
}
