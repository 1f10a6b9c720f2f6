using System.Runtime.CompilerServices;

namespace DotMlx;

/// <summary>Loads the native library before the first call that does not go through a stream or an array.</summary>
internal static class MlxRuntime
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void EnsureReady()
    {
    }
}
