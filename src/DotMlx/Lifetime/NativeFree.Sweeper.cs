namespace DotMlx;

internal static unsafe partial class NativeFree
{
    /// <summary>Looks for unreachable arrays after a collection, and frees queued ones that no thread has taken.</summary>
    internal static class Sweeper
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
        private static readonly Timer Clock = new(static _ => Sweep());
        private static long takenBefore;
        private static int started;
        private static volatile bool stopped;

        /// <summary>Schedules one sweep.</summary>
        internal static void Start()
        {
            if (started == 0 && !stopped && Interlocked.Exchange(ref started, 1) == 0)
            {
                Wind();
            }
        }

        /// <summary>Schedules a sweep after the next collection.</summary>
        internal static void Watch() => _ = new NextCollection();

        /// <summary>Stops sweeping.</summary>
        internal static void Stop()
        {
            stopped = true;
            Clock.Dispose();
        }

        private static void Wind()
        {
            takenBefore = Pending.Taken;
            Clock.Change(Pause, Timeout.InfiniteTimeSpan);
        }

        private static void Sweep()
        {
            ThreadStates.Sweep();
            RetiredHandles.Free();
            if (Pending.Taken == takenBefore)
            {
                FreeAll();
            }

            if (Pending.Any)
            {
                Wind();
                return;
            }

            Volatile.Write(ref started, 0);
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
