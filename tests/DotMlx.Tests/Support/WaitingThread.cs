namespace DotMlx.Tests;

/// <summary>A thread that runs an action and then waits.</summary>
internal static class WaitingThread
{
    /// <summary>
    /// Runs an action on another thread, which then waits; meanwhile runs an action on this one, and then ends the thread.
    /// </summary>
    internal static void Run(Action work, Action meanwhile)
    {
        using var done = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        Thread thread = new(() =>
        {
            work();
            done.Set();
            end.Wait();
        });
        thread.Start();
        done.Wait();
        try
        {
            meanwhile();
        }
        finally
        {
            end.Set();
            thread.Join();
        }
    }
}
