using System.Collections.Concurrent;

namespace DotMlx.Compare;

/// <summary>A thread that runs functions for others, which wait.</summary>
internal sealed class OwnThread : IDisposable
{
    private readonly BlockingCollection<Action> _queue = [];

    internal OwnThread() => new Thread(Loop) { IsBackground = true }.Start();

    internal T Run<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>();
        _queue.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    public void Dispose() => _queue.CompleteAdding();

    private void Loop()
    {
        foreach (Action action in _queue.GetConsumingEnumerable())
        {
            action();
        }
    }
}
