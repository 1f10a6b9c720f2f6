namespace DotMlx.Collectives;

/// <summary>The median time of one all-sum of an array.</summary>
internal sealed record Timing(string Who, int Bytes, double Seconds);

internal static class Sizes
{
    private const int MiB = 1 << 20;

    internal static IReadOnlyList<int> All { get; } = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, MiB, 4 * MiB, 16 * MiB, 64 * MiB];

    /// <summary>Calls per round; the same in all ranks, and enough for the clock.</summary>
    internal static int Calls(int bytes) => Math.Clamp(64 * MiB / bytes, 2, 100);
}
