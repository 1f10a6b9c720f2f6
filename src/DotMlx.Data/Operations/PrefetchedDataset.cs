using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace DotMlx.Data.Operations;

/// <summary>Prefetches items on a separate thread.</summary>
internal sealed class PrefetchedDataset<T>(Dataset<T> source, int count) : StreamedDataset<T>
{
    public override int? Count => source.Count;

    internal override string NameOf(long position) => source switch
    {
        StreamedDataset<T> streamed => streamed.NameOf(position),
        _ => base.NameOf(position),
    };

    internal override IEnumerable<T> Open(int epoch, long skip)
    {
        using var ahead = new Ahead(source.Open(epoch, skip), count);
        while (ahead.TryTake(out T item))
        {
            yield return item;
        }
    }

    private sealed class Ahead : IDisposable
    {
        private readonly BlockingCollection<T> _ready;
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread;
        private ExceptionDispatchInfo? _error;

        public Ahead(IEnumerable<T> items, int count)
        {
            _ready = new BlockingCollection<T>(count);
            _thread = new Thread(() => Fill(items)) { IsBackground = true, Name = "DotMlx.Data prefetching" };

            // UnsafeStart drops the reader's execution context, whose MlxScope would free arrays prefetched for a later iteration.
            _thread.UnsafeStart();
        }

        public bool TryTake(out T item)
        {
            if (_ready.TryTake(out item!, Timeout.Infinite))
            {
                return true;
            }

            _error?.Throw();
            return false;
        }

        public void Dispose()
        {
            _stop.Cancel();
            _thread.Join();
            _ready.Dispose();
            _stop.Dispose();
        }

        private void Fill(IEnumerable<T> items)
        {
            try
            {
                foreach (T item in items)
                {
                    _ready.Add(item, _stop.Token);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The reader has stopped early.
            }
            catch (Exception e)
            {
                _error = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                _ready.CompleteAdding();
            }
        }
    }
}
