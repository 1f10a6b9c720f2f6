using System.Collections.Concurrent;
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

    private static readonly ConcurrentQueue<nint> Waiting = new();
    private static int state;

    internal static void Free(void* array)
    {
        if (array == null)
        {
            return;
        }

        if (Interlocked.CompareExchange(ref state, Freeing, Idle) == Idle)
        {
            FreeNow(array);
            Drain();
            Volatile.Write(ref state, Idle);
            if (Waiting.IsEmpty)
            {
                return;
            }
        }
        else
        {
            Waiting.Enqueue((nint)array);
        }

        DrainIfIdle();
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

    // Somebody may have queued between the last look at the queue and the state's release.
    private static void DrainIfIdle()
    {
        while (!Waiting.IsEmpty && Interlocked.CompareExchange(ref state, Freeing, Idle) == Idle)
        {
            Drain();
            Volatile.Write(ref state, Idle);
        }
    }

    private static void Drain()
    {
        while (Waiting.TryDequeue(out nint array))
        {
            FreeNow((void*)array);
        }
    }

    private static void FreeNow(void* array) => Mlxc.mlx_array_free(new mlx_array { ctx = array });
}
