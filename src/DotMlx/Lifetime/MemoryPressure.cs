using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// The garbage collector doesn't see native memory, so programs without <c>using</c> would grow. Before an evaluation, and at intervals
/// while arrays are made, a collection is requested if MLX holds clearly more memory than after the last one.
/// </summary>
internal static unsafe class MemoryPressure
{
    // Below this much growth a collection costs more than it gives back.
    private const ulong LeastGrowth = 2 << 20;

    // A collection that found nothing may be repeated when this many times its duration has passed, or on much more growth.
    private const int RestFactor = 25;
    private const ulong Impatience = 4;

    // Each collection in a row that found nothing doubles the growth it takes for the next, up to the same.
    private const int MostMisses = 2;

    private static readonly Lock Gate = new();

    // What was left after the last collection of the young generations, and of all.
    private static ulong _youngFloor;
    private static ulong _fullFloor;
    private static long _restUntil;
    private static int _misses;

    // Whether the next collection looks at all generations.
    private static bool _everything;

    /// <summary>Checks MLX's memory and requests a collection if that is promising.</summary>
    internal static void Check()
    {
        nuint active = 0;
        if (Mlxc.mlx_get_active_memory(&active) != 0)
        {
            return;
        }

        _fullFloor = Math.Min(_fullFloor, active);
        if (active <= _youngFloor)
        {
            _youngFloor = active;
            return;
        }

        ulong growth = active - _youngFloor;
        ulong allowed = Allowance(_youngFloor);
        if (growth > allowed << _misses && (growth > Impatience * allowed || Stopwatch.GetTimestamp() >= _restUntil))
        {
            Collect(active);
        }
    }

    private static ulong Allowance(ulong floor) => Math.Max(floor / 8, LeastGrowth);

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

            // An array that lived through one collection (a parameter, until its next update) is found in the middle generation. Two
            // collections at once would move what lives to the last one, so where this one finds nothing, the next looks everywhere.
            long before = ThreadStates.Unreachable;
            _youngFloor = LeftAfter(_everything ? 2 : 1);
            _fullFloor = _everything ? _youngFloor : _fullFloor;

            // What a graph still needs is given back after its evaluation only, so the bytes alone do not tell.
            bool found = ThreadStates.Unreachable != before;
            _everything = !found && !_everything && _youngFloor > _fullFloor + (2 * Allowance(_fullFloor));

            long end = Stopwatch.GetTimestamp();
            bool worthwhile = found || _youngFloor + (active / 16) < active;
            _misses = worthwhile ? 0 : Math.Min(_misses + 1, MostMisses);
            _restUntil = worthwhile ? 0 : end + (RestFactor * (end - start));
        }
        finally
        {
            Gate.Exit();
        }
    }

    private static ulong LeftAfter(int generation)
    {
        GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
        NativeFree.FreeUnreachable();
        nuint left = 0;
        Mlxc.mlx_get_active_memory(&left);
        return left;
    }
}
