using System.Globalization;

namespace DotMlx;

/// <summary>
/// Monitors evaluations that may wait for other processes. Before MLX 0.32, which reports it, MLX's ring waits forever for a process that
/// has ended. With a group of several processes, evaluations therefore run on the library's own thread, and a waiting thread gives up when
/// a neighbor has closed its connection or the timeout has expired.
/// </summary>
internal static class PeerWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // MLX may still be delivering the last bytes of a process that has just ended.
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(1);

    // If it is unknown whether an evaluation communicates at all, an ended process may have exited normally.
    private static readonly TimeSpan LongGracePeriod = TimeSpan.FromSeconds(30);

    private static RingSockets? _sockets;
    private static RingEnvironment? _ring;
    private static string? _lost;
    private static long _called;
    private static long _evaluated;
    private static bool _mayCommunicate;
    private static string _last = "";

    /// <summary>Whether this process belongs to a group of several.</summary>
    internal static bool Active { get; private set; }

    /// <summary>How long an evaluation waits for other processes.</summary>
    internal static TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether an evaluation has been abandoned: its thread still waits in MLX, so nothing else can be evaluated.</summary>
    internal static bool IsLost => Volatile.Read(ref _lost) is not null;

    internal static void Start(RingEnvironment? environment)
    {
        if (environment is not null)
        {
            _ring = environment;
            _sockets = RingSockets.Find(environment);
        }

        Active = true;
    }

    /// <summary>Records that a graph with communication is being built.</summary>
    internal static void Called(string operation)
    {
        if (Active)
        {
            _last = operation;
            Interlocked.Increment(ref _called);

            // A traced operation may run on each call of its compiled function.
            if (TraceLock.IsHeldByCurrentThread)
            {
                _mayCommunicate = true;
            }
        }
    }

    /// <summary>The value to pass to <see cref="Completed"/> after an evaluation that starts now.</summary>
    internal static long Begin() => Volatile.Read(ref _called);

    internal static void Completed(long begun, bool asynchronously)
    {
        if (Volatile.Read(ref _evaluated) >= begun)
        {
            return;
        }

        if (asynchronously)
        {
            _mayCommunicate = true;
        }
        else
        {
            Volatile.Write(ref _evaluated, begun);
        }
    }

    /// <summary>Waits for a lock whose holder may be waiting for a process that is gone.</summary>
    /// <exception cref="MlxException">An earlier evaluation has been abandoned.</exception>
    internal static void Enter(Lock gate)
    {
        const int Milliseconds = 100;
        if (!Active)
        {
            gate.Enter();
            return;
        }

        while (!gate.TryEnter(Milliseconds))
        {
            ThrowIfLost();
        }
    }

    /// <exception cref="MlxException">An earlier evaluation has been abandoned.</exception>
    internal static void ThrowIfLost()
    {
        if (Volatile.Read(ref _lost) is { } message)
        {
            throw Failure(message);
        }
    }

    /// <summary>Gives up: every later evaluation fails with this message.</summary>
    internal static MlxException MarkLost(string message)
    {
        Volatile.Write(ref _lost, message);
        return Failure(message);
    }

    /// <summary>Waits for an evaluation on another thread.</summary>
    /// <exception cref="MlxException">It waits for a process that doesn't respond.</exception>
    internal static void Wait(ManualResetEventSlim done)
    {
        if (!Active)
        {
            done.Wait();
            return;
        }

        WaitState wait = default;
        while (!done.Wait(Interval))
        {
            wait.ThrowIfStuck();
        }
    }

    /// <summary>Fails a task if its evaluation waits for a process that doesn't respond.</summary>
    internal static async Task WatchAsync(TaskCompletionSource completion)
    {
        WaitState wait = default;
        while (!completion.Task.IsCompleted)
        {
            await Task.Delay(Interval).ConfigureAwait(false);
            try
            {
                wait.ThrowIfStuck();
            }
            catch (MlxException e)
            {
                completion.TrySetException(e);
            }
        }
    }

    /// <summary>
    /// Names the process that is gone if MLX itself reported a lost connection, and gives up, because MLX doesn't use that connection
    /// anymore.
    /// </summary>
    internal static Exception Explain(Exception error)
    {
        if (error is not MlxException mlx || !mlx.Message.Contains("connection to a peer was lost", StringComparison.Ordinal))
        {
            return error;
        }

        string message = _sockets?.FindClosed() is { Length: > 0 } ranks ? Closed(ranks) : $"{mlx.Message}.";
        Volatile.Write(ref _lost, message);
        return new MlxException($"{message} {Advice}", mlx.Operation, mlx);
    }

    private const string Advice =
        "End this process, start all ranks again, and resume from the last checkpoint. Arrays that are already computed can still be read.";

    // Both neighbors may be gone, because a process that loses a neighbor also ends.
    private static string Closed(int[] ranks) =>
        string.Join("; ", ranks.Select(rank => $"Rank {rank} of {_ring!.Size} has closed its connection to rank {_ring.Rank}"))
        + $", which waits for it in {_last}: that process has ended or was stopped, perhaps because of its own error.";

    private static MlxException Failure(string message) => new($"{message} {Advice}", "mlx_eval");

    /// <summary>One wait, with the times at which something was first detected.</summary>
    private struct WaitState
    {
        private long _began;
        private long _closed;

        internal void ThrowIfStuck()
        {
            ThrowIfLost();
            long now = Environment.TickCount64;
            _began = _began == 0 ? now : _began;
            bool communicates = Volatile.Read(ref _called) > Volatile.Read(ref _evaluated);
            if (!communicates && !_mayCommunicate)
            {
                return;
            }

            if (_sockets?.FindClosed() is { Length: > 0 } ranks)
            {
                _closed = _closed == 0 ? now : _closed;
                if (now - _closed >= (communicates ? GracePeriod : LongGracePeriod).TotalMilliseconds)
                {
                    throw MarkLost(Closed(ranks));
                }
            }
            else if (now - _began >= Timeout.TotalMilliseconds)
            {
                throw MarkLost(string.Create(
                    CultureInfo.InvariantCulture,
                    $"This process{(_ring is null ? "" : $" (rank {_ring.Rank} of {_ring.Size})")} has "
                    + $"waited {Timeout.TotalSeconds:0.#} s for the others, last in {_last} (Mx.Distributed.Timeout): ")
                    + "a rank is stuck, or the ranks do not call the same operations in the same order "
                    + "with arrays of the same shapes.");
            }
        }
    }
}
