using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace DotMlx;

/// <summary>
/// The thread that owns GPU streams if MLX binds them to the thread that created them. It also runs all asynchronous evaluations, so that
/// they block no thread-pool thread.
/// </summary>
internal static class StreamThread
{
    // MLX traverses some graphs recursively, and default stack sizes vary from 512 KB to 8 MB. Only the used part takes memory.
    private const int StackSize = 16 << 20;

    private static readonly BlockingCollection<Work> Queue = [];
    private static readonly Lazy<Thread> Worker = new(Start);
    private static int _unfinished;

    /// <summary>
    /// Whether evaluation must run on this thread: either the GPU's streams work only on the thread that created them, or evaluations wait
    /// for other processes.
    /// </summary>
    internal static bool Required => Streams.BoundToThread || PeerWatch.Active;

    internal static bool IsCurrent => Worker.IsValueCreated && Thread.CurrentThread == Worker.Value;

    /// <summary>Runs an action on this thread and waits; an exception of the action is thrown to the caller.</summary>
    internal static void Run(Action action)
    {
        if (IsCurrent)
        {
            action();
            return;
        }

        // Not disposed, because the worker may still set the event after the wait was abandoned.
        var done = new ManualResetEventSlim();
        ExceptionDispatchInfo? failure = null;
        Enqueue(
            () =>
            {
                bool isAbandoned = false;
                try
                {
                    action();
                }
                catch (ProcessEnd.AbandonedException)
                {
                    isAbandoned = true;
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(PeerWatch.Explain(exception));
                }
                finally
                {
                    // The caller of abandoned work waits until the process is over.
                    if (!isAbandoned)
                    {
                        done.Set();
                    }
                }
            });
        PeerWatch.Wait(done);
        failure?.Throw();
    }

    /// <summary>
    /// Queues an action for this thread. <paramref name="cleanUp"/> always runs, even if the work was canceled before it began.
    /// </summary>
    internal static Task RunAsync(Action action, Action cleanUp, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // Cancellation ends the wait immediately; the worker skips the action when it dequeues the work.
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), completion);
        Enqueue(
            () =>
            {
                try
                {
                    if (ProcessEnd.IsClosedHere)
                    {
                        completion.TrySetCanceled(CancellationToken.None);
                    }
                    else if (!completion.Task.IsCompleted)
                    {
                        action();
                        completion.TrySetResult();
                    }
                }
                catch (ProcessEnd.AbandonedException)
                {
                    completion.TrySetCanceled(CancellationToken.None);
                }
                catch (Exception exception)
                {
                    completion.TrySetException(PeerWatch.Explain(exception));
                }
                finally
                {
                    registration.Dispose();
                    cleanUp();
                }
            });
        if (PeerWatch.Active)
        {
            _ = PeerWatch.WatchAsync(completion);
        }

        return completion.Task;
    }

    /// <summary>Waits until nothing runs on this thread. Once the process is ending, no work starts after that.</summary>
    /// <returns>Whether the thread became idle in time.</returns>
    internal static bool WaitUntilIdle(TimeSpan patience) => SpinWait.SpinUntil(static () => Volatile.Read(ref _unfinished) == 0, patience);

    /// <summary>Ends the thread after the queued work.</summary>
    internal static void Stop(TimeSpan patience)
    {
        Queue.CompleteAdding();
        if (Worker.IsValueCreated)
        {
            Worker.Value.Join(patience);
        }
    }

    private static void Enqueue(Action action)
    {
        _ = Worker.Value;
        Interlocked.Increment(ref _unfinished);
        Queue.Add(new Work(action, ProcessEnd.MayContinue));
    }

    private static Thread Start()
    {
        var thread = new Thread(Loop, StackSize) { IsBackground = true, Name = "DotMlx streams" };
        thread.UnsafeStart();
        return thread;
    }

    private static void Loop()
    {
        ThreadState.Current.IsStreamThread = true;
        foreach (Work work in Queue.GetConsumingEnumerable())
        {
            ProcessEnd.MayContinue = work.MayContinue;
            work.Action();
            Interlocked.Decrement(ref _unfinished);
        }
    }

    private readonly record struct Work(Action Action, bool MayContinue);
}
