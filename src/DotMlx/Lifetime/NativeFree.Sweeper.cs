namespace DotMlx;

internal static unsafe partial class NativeFree
{
    /// <summary>
    /// Sweeps unreachable arrays after a collection, and frees queued arrays that no thread has taken, and arrays that were disposed while
    /// another thread used them.
    /// </summary>
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
            // With the full barrier of Sweep: either that thread sees what the caller has added, or this one sees that the timer is off.
            Interlocked.MemoryBarrier();
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

        private static bool IsNeeded => Pending.Any || RetiredHandles.Any;

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

            if (IsNeeded && !_stopped)
            {
                SetTimer();
                return;
            }

            Interlocked.Exchange(ref _started, 0);
            Watch();
            if (IsNeeded)
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
