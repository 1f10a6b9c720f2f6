namespace DotMlx.Collectives;

/// <summary>Measures the median time of one all-sum of an array.</summary>
internal sealed record Timing(string Who, int Bytes, double Seconds);

internal static class Sizes
{
    private const int MiB = 1 << 20;

    internal static IReadOnlyList<int> All { get; } = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, MiB, 4 * MiB, 16 * MiB, 64 * MiB];

    /// <summary>The number of calls per round, equal in all ranks and large enough for the clock.</summary>
    internal static int Calls(int bytes) => Math.Clamp(64 * MiB / bytes, 2, 100);
}
