namespace DotMlx;

/// <summary>The random generator SplitMix64, which gives the same numbers on every platform and .NET version.</summary>
/// <param name="seed">The state before the first number.</param>
internal struct SplitMix64(ulong seed)
{
    /// <summary>The increment of the state for each number: 2^64 divided by the golden ratio.</summary>
    internal const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    internal ulong Next()
    {
        ulong z = unchecked(_state += Step);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}
