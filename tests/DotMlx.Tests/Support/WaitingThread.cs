namespace DotMlx.Tests;

/// <summary>A thread that does something and then waits.</summary>
internal static class WaitingThread
{
    /// <summary>Lets another thread work and wait, does something meanwhile, and lets the thread end.</summary>
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
