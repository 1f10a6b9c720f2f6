using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// The collector does not see native memory, so programs without <c>using</c> would grow. Before an evaluation, and now and
/// then while arrays are made, when MLX holds clearly more than after the last collection, the collector is asked to look.
/// </summary>
internal static unsafe class MemoryPressure
{
    // Below this much growth a collection costs more than it gives back.
    private const ulong LeastGrowth = 2 << 20;

    // A collection that found nothing may be repeated when this many times its duration has passed, or on much more growth.
    private const int RestFactor = 25;
    private const ulong Impatience = 4;

    private static readonly Lock Gate = new();
    private static ulong floor;
    private static int generation;
    private static long restUntil;

    /// <summary>Looks at MLX's memory and collects if that promises something.</summary>
    internal static void Check()
    {
        nuint active = 0;
        if (Mlxc.mlx_get_active_memory(&active) != 0)
        {
            return;
        }

        if (active <= floor)
        {
            floor = active;
            return;
        }

        ulong growth = active - floor;
        ulong allowed = Math.Max(floor / 8, LeastGrowth);
        if (growth > allowed && (growth > Impatience * allowed || Stopwatch.GetTimestamp() >= restUntil))
        {
            Collect(active);
        }
    }

    private static void Collect(ulong active)
    {
        // Whoever comes second finds the work being done.
        if (!Gate.TryEnter())
        {
            return;
        }

        try
        {
            long start = Stopwatch.GetTimestamp();
            GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
            nuint left = 0;
            Mlxc.mlx_get_active_memory(&left);
            ulong freed = active > left ? active - left : 0;
            floor = left;
            if (freed >= active / 16)
            {
                generation = 0;
                restUntil = 0;
                return;
            }

            // What a young collection does not give back may be garbage that has grown older: look further next time.
            long end = Stopwatch.GetTimestamp();
            restUntil = end + (RestFactor * (end - start));
            generation = generation == 2 ? 0 : generation + 1;
        }
        finally
        {
            Gate.Exit();
        }
    }
}
