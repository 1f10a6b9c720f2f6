using DotMlx.Bindings;

namespace DotMlx;

/// <summary>
/// The collector does not see native memory, so programs without <c>using</c> would grow. Before an evaluation, when MLX
/// holds clearly more than it held after the last collection and arrays were made since, the collector is asked to look.
/// </summary>
internal static unsafe class MemoryPressure
{
    // Below this much growth a collection costs more than it gives back.
    private const ulong LeastGrowth = 4 << 20;

    private const int MostPatience = 16;

    private static readonly Lock Gate = new();
    private static ulong floor;
    private static int generation;

    // Grows while collections find nothing, so that a program that frees by itself is left alone.
    private static ulong patience = 1;

    internal static void BeforeEvaluation()
    {
        nuint active = 0;
        if (Mlxc.mlx_get_active_memory(&active) != 0)
        {
            return;
        }

        if (active > floor + (Math.Max(floor / 8, LeastGrowth) * patience))
        {
            Collect(active);
        }
        else if (active < floor)
        {
            floor = active;
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
            GC.Collect(generation, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
            nuint left = 0;
            Mlxc.mlx_get_active_memory(&left);

            // What a young collection does not give back may be garbage that has grown older: look further next time.
            ulong freed = active > left ? active - left : 0;
            bool worthwhile = freed >= active / 16;
            if (worthwhile)
            {
                generation = 0;
                patience = 1;
            }
            else if (generation < 2)
            {
                generation++;
            }
            else
            {
                patience = Math.Min(patience * 2, MostPatience);
            }

            floor = left;
        }
        finally
        {
            Gate.Exit();
        }
    }
}
