namespace DotMlx;

internal static unsafe partial class NativeFree
{
    /// <summary>Sweeps unreachable arrays after a collection, and frees queued arrays that no thread has taken.</summary>
    internal static class Sweeper
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
        private static readonly Timer Clock = new(static _ => Sweep());
        private static long _takenBefore;
        private static int _started;
        private static volatile bool _stopped;

        /// <summary>Schedules one sweep.</summary>
        internal static void Start()
        {
            if (_started == 0 && !_stopped && Interlocked.Exchange(ref _started, 1) == 0)
            {
                SetTimer();
            }
        }

        /// <summary>Schedules a sweep after the next collection.</summary>
        internal static void Watch() => _ = new NextCollection();

        /// <summary>Stops sweeping.</summary>
        internal static void Stop()
        {
            _stopped = true;
            Clock.Dispose();
        }

        private static void SetTimer()
        {
            _takenBefore = Pending.Taken;
            Clock.Change(Pause, Timeout.InfiniteTimeSpan);
        }

        private static void Sweep()
        {
            ThreadStates.Sweep();
            RetiredHandles.Free();
            if (Pending.Taken == _takenBefore)
            {
                FreeAll();
            }

            if (Pending.Any)
            {
                SetTimer();
                return;
            }

            Volatile.Write(ref _started, 0);
            Watch();
            if (Pending.Any)
            {
                Start();
            }
        }

        private sealed class NextCollection
        {
            ~NextCollection() => Start();
        }
    }
}
