using System.Diagnostics;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// Requests a garbage collection if MLX holds clearly more memory than after the last one. The garbage collector doesn't see native
/// memory, so programs without <c>using</c> would grow without bound. The check runs before each evaluation, and at intervals while
/// arrays are made.
/// </summary>
internal static unsafe class MemoryPressure
{
    // For less growth than this, a collection costs more than it gains.
    private const ulong MinGrowth = 2 << 20;

    // After a collection that found nothing, the next one waits until this many times its duration has passed or memory has grown much
    // more.
    private const int BackoffFactor = 25;
    private const ulong MaxGrowthFactor = 4;

    // Each check lowers a floor that is too high by this fraction of it.
    private const ulong DecayFactor = 64;

    // Each consecutive collection that finds nothing doubles the growth required for the next one, up to MaxGrowthFactor times.
    private const int MaxMisses = 2;

    private static readonly Lock Gate = new();

    // The memory left after the last collection of generations 0 and 1, and after the last full collection.
    private static ulong _ephemeralFloor;
    private static ulong _fullFloor;
    private static long _backoffUntil;
    private static int _misses;

    // Whether the next collection is a full one.
    private static bool _isNextFull;

    /// <summary>Checks MLX's memory and requests a collection if one is likely to free memory.</summary>
    internal static void Check()
    {
        nuint active = 0;
        if (Mlxc.mlx_get_active_memory(&active) != 0)
        {
            return;
        }

        _fullFloor = Math.Min(_fullFloor, active);
        if (active <= _ephemeralFloor)
        {
            // After a collection that found nothing, memory comes and goes without the garbage collector, for example because a GPU frees
            // the temporaries of a step later. The next rise must then exceed the last one.
            _ephemeralFloor = _misses == 0 ? active : Math.Max(active, _ephemeralFloor - (_ephemeralFloor / DecayFactor));
            return;
        }

        ulong growth = active - _ephemeralFloor;
        ulong allowed = Allowance(_ephemeralFloor);
        if (growth > allowed << _misses && (growth > MaxGrowthFactor * allowed || Stopwatch.GetTimestamp() >= _backoffUntil))
        {
            Collect(active);
        }
    }

    private static ulong Allowance(ulong floor) => Math.Max(floor / 8, MinGrowth);

    private static void Collect(ulong active)
    {
        // If another thread holds the lock, it is already collecting.
        if (!Gate.TryEnter())
        {
            return;
        }

        try
        {
            long start = Stopwatch.GetTimestamp();

            // An array that survived one collection (a parameter, until its next update) is found in generation 1. Two collections in a row
            // would move live arrays to generation 2, so the next collection is a full one only if this one finds nothing.
            long before = ThreadStates.Unreachable;
            ulong left = ActiveAfterCollection(_isNextFull ? 2 : 1);
            _fullFloor = _isNextFull ? left : _fullFloor;

            // The byte counts don't tell: an array that a graph still needs frees its memory only after the graph's evaluation, and memory
            // that a GPU happens to free during the collection isn't garbage.
            bool found = ThreadStates.Unreachable != before;
            _ephemeralFloor = found ? left : active;
            _isNextFull = !found && !_isNextFull && left > _fullFloor + (2 * Allowance(_fullFloor));

            long end = Stopwatch.GetTimestamp();
            _misses = found ? 0 : Math.Min(_misses + 1, MaxMisses);
            _backoffUntil = found ? 0 : end + (BackoffFactor * (end - start));
        }
        finally
        {
            Gate.Exit();
        }
    }

    private static ulong ActiveAfterCollection(int generation)
    {
        GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
        NativeFree.FreeUnreachable();
        nuint left = 0;
        Mlxc.mlx_get_active_memory(&left);
        return left;
    }
}
