using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The functions of <c>mlx.core</c> under Python's names in PascalCase, with Python's parameters and defaults.</summary>
public static unsafe partial class Mx
{
    // Functions that are new in MLX 0.32 are called if the loaded mlx-c has them; otherwise, they are composed of older functions.
    private static bool HasNewer => LoadedApi.IsAtLeast(MlxcVersions.V0_7_0);

    private static readonly Version Corrected = new(0, 32);

    // Whether the loaded MLX has the faults that MLX 0.32 corrected.
    internal static bool IsBefore032 => MlxLibrary.IsOlderThan(Corrected);
}
