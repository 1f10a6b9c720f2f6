using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <content>The lock that makes frees and evaluations exclude each other.</content>
internal static unsafe partial class NativeFree
{
    private const int Idle = 0;
    private const int Freeing = 1;
    private const int Evaluating = 2;

    // A thread is taking a handle out of an array while another thread evaluates. The evaluation can't end until the thread is done.
    private const int Claiming = 3;

    // Shared by all copies of this library in the process, because they share MLX.
    private static readonly int* State = (int*)ProcessWide.Number("NativeFree");
    private static volatile bool _closed;

    /// <summary>Prevents frees until <see cref="EndEvaluation"/>; the caller holds the evaluation lock.</summary>
    internal static void BeginEvaluation()
    {
        if (!_closed)
        {
            // Runs before the evaluation, so that the evaluation's results can reuse the freed memory.
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

        // Another thread may have queued an array after the last check of the queue.
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

    // Takes the lock for an instant, even during an evaluation.
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

            // A native free is calling back into the program, so this thread holds the lock already.
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
