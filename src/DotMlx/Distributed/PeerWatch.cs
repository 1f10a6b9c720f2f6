using System.Globalization;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Watches evaluations that may wait for other processes. MLX's ring waits for ever for a process that is gone (until MLX 0.32,
/// which reports it), so with a group of several processes evaluations run on the library's own thread, and whoever waits for
/// one gives up when a neighbour has closed its connection or the time is over.
/// </summary>
internal static class PeerWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // The last bytes of a process that has just ended may still be on their way through MLX.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    // Where it is not known whether an evaluation communicates at all, a process that ended may have done so in good order.
    private static readonly TimeSpan LongGrace = TimeSpan.FromSeconds(30);

    private static RingSockets? sockets;
    private static RingEnvironment? ring;
    private static string? lost;
    private static long called;
    private static long evaluated;
    private static bool uncertain;
    private static string last = "";

    /// <summary>Whether this process belongs to a group of several.</summary>
    internal static bool Active { get; private set; }

    /// <summary>How long an evaluation waits for other processes.</summary>
    internal static TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether an evaluation has been given up: its thread still waits in MLX, so nothing more can be evaluated.</summary>
    internal static bool IsLost => Volatile.Read(ref lost) is not null;

    internal static void Start(RingEnvironment? environment)
    {
        if (environment is not null)
        {
            ring = environment;
            sockets = RingSockets.Find(environment);
        }

        Active = true;
    }

    /// <summary>Notes that a graph with a communication in it is being built.</summary>
    internal static void Called(string operation)
    {
        if (Active)
        {
            last = operation;
            Interlocked.Increment(ref called);

            // What is traced may run whenever its compiled form is called.
            uncertain |= TraceLock.IsHeldByCurrentThread;
        }
    }

    /// <summary>What <see cref="Completed"/> is to be told of an evaluation that begins now.</summary>
    internal static long Begin() => Volatile.Read(ref called);

    internal static void Completed(long begun, bool asynchronously)
    {
        if (asynchronously)
        {
            uncertain |= Volatile.Read(ref evaluated) < begun;
        }
        else if (Volatile.Read(ref evaluated) < begun)
        {
            Volatile.Write(ref evaluated, begun);
        }
    }

    /// <exception cref="MlxException">An evaluation has been given up before.</exception>
    internal static void ThrowIfLost()
    {
        if (Volatile.Read(ref lost) is { } message)
        {
            throw Failure(message);
        }
    }

    /// <summary>Gives up: everything that would be evaluated from now on fails with this message.</summary>
    internal static MlxException Lose(string message)
    {
        Volatile.Write(ref lost, message);
        return Failure(message);
    }

    /// <summary>Waits for an evaluation on another thread.</summary>
    /// <exception cref="MlxException">It waits for a process that does not answer.</exception>
    internal static void Wait(ManualResetEventSlim done)
    {
        if (!Active)
        {
            done.Wait();
            return;
        }

        Look look = default;
        while (!done.Wait(Interval))
        {
            look.ThrowIfHopeless();
        }
    }

    /// <summary>Fails a task when its evaluation waits for a process that does not answer.</summary>
    internal static async Task WatchAsync(TaskCompletionSource completion)
    {
        Look look = default;
        while (!completion.Task.IsCompleted)
        {
            await Task.Delay(Interval).ConfigureAwait(false);
            try
            {
                look.ThrowIfHopeless();
            }
            catch (MlxException e)
            {
                completion.TrySetException(e);
            }
        }
    }

    /// <summary>Says who is gone where MLX itself reported a lost connection, and gives up: MLX serves that connection no more.</summary>
    internal static Exception Explain(Exception error)
    {
        if (error is not MlxException mlx || !mlx.Message.Contains("connection to a peer was lost", StringComparison.Ordinal))
        {
            return error;
        }

        string message = sockets?.FindClosed() is { Length: > 0 } ranks ? Closed(ranks) : $"{mlx.Message}.";
        Volatile.Write(ref lost, message);
        return new MlxException($"{message} {Advice}", mlx.Operation, mlx);
    }

    private const string Advice =
        "End this process, start all ranks again and resume from the last checkpoint; arrays that are computed already can still be read.";

    // Both neighbours may be gone: whoever lost one ends, too.
    private static string Closed(int[] ranks) =>
        string.Join("; ", ranks.Select(rank => $"Rank {rank} of {ring!.Size} has closed its connection to rank {ring.Rank}"))
        + $", which waits for it in {last}: that process has ended or was stopped, perhaps because of an error of its own.";

    private static MlxException Failure(string message) => new($"{message} {Advice}", "mlx_eval");

    /// <summary>One wait, with the moments at which something was first noticed.</summary>
    private struct Look
    {
        private long began;
        private long closed;

        internal void ThrowIfHopeless()
        {
            ThrowIfLost();
            long now = Environment.TickCount64;
            began = began == 0 ? now : began;
            bool communicates = Volatile.Read(ref called) > Volatile.Read(ref evaluated);
            if (!communicates && !uncertain)
            {
                return;
            }

            if (sockets?.FindClosed() is { Length: > 0 } ranks)
            {
                closed = closed == 0 ? now : closed;
                if (now - closed >= (communicates ? Grace : LongGrace).TotalMilliseconds)
                {
                    throw Lose(Closed(ranks));
                }
            }
            else if (now - began >= Timeout.TotalMilliseconds)
            {
                throw Lose(string.Create(
                    CultureInfo.InvariantCulture,
                    $"This process{(ring is null ? "" : $" (rank {ring.Rank} of {ring.Size})")} has waited {Timeout.TotalSeconds:0.#} s for the others, last in {last} (Mx.Distributed.Timeout): ")
                    + "a rank stands still, or the ranks do not call the same operations in the same order with arrays of the same shapes.");
            }
        }
    }
}
