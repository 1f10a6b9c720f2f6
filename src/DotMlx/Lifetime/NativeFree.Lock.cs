using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <content>The lock that makes frees and evaluations exclude each other.</content>
internal static unsafe partial class NativeFree
{
    private const int Idle = 0;
    private const int Freeing = 1;
    private const int Evaluating = 2;

    // Somebody takes a handle out of an array while another thread evaluates, which may not end meanwhile.
    private const int Claiming = 3;

    // Of all copies of this library in the process, which share MLX.
    private static readonly int* State = (int*)ProcessWide.Number("NativeFree");
    private static volatile bool _closed;

    /// <summary>Prevents frees until <see cref="EndEvaluation"/>; the caller holds the evaluation lock.</summary>
    internal static void BeginEvaluation()
    {
        if (!_closed)
        {
            // Before the evaluation, which gives the memory of what is freed to its results.
            RetiredHandles.FreeNew();
            Switch(from: Idle, to: Evaluating);
        }
    }

    internal static void EndEvaluation()
    {
        if (_closed)
        {
            return;
        }

        while (Pending.Any)
        {
            FreeBatch();
        }

        Switch(from: Evaluating, to: Idle);

        // Somebody may have set an array aside in between.
        FreeAll();
    }

    /// <summary>Stops freeing: the process is ending, and live arrays end with it.</summary>
    /// <returns>Whether no thread was freeing in time.</returns>
    internal static bool Close(TimeSpan patience)
    {
        bool taken = SpinWait.SpinUntil(static () => Interlocked.CompareExchange(ref *State, Evaluating, Idle) == Idle, patience);
        _closed = true;
        return taken;
    }

    private static bool TryEnter() => Interlocked.CompareExchange(ref *State, Freeing, Idle) == Idle;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Exit()
    {
        Volatile.Write(ref *State, Idle);
        if (Pending.Any)
        {
            _ = TryDrain();
        }
    }

    // The lock for an instant, also during an evaluation.
    private static int EnterBriefly()
    {
        var spin = default(SpinWait);
        while (true)
        {
            int seen = Interlocked.CompareExchange(ref *State, Freeing, Idle);
            if (seen == Idle || (seen == Evaluating && Interlocked.CompareExchange(ref *State, Claiming, Evaluating) == Evaluating))
            {
                return seen;
            }

            // A native free that calls back into the program: the lock is this thread's already.
            if (ThreadState.Current.IsFreeing)
            {
                return Freeing;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static void ExitBriefly(int before)
    {
        switch (before)
        {
            case Idle:
                Exit();
                break;
            case Evaluating:
                Volatile.Write(ref *State, Evaluating);
                break;
            default:
                break;
        }
    }

    private static void Switch(int from, int to)
    {
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref *State, to, from) != from)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
