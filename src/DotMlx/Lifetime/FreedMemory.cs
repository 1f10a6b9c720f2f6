using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Lets the C library keep memory that MLX frees on the CPU. MLX has no cache of its own there. glibc returns blocks larger than any freed
/// before to the system, which then provides them again page by page: a third of the time of a training step.
/// </summary>
internal static unsafe class FreedMemory
{
    // Just below the largest block from which glibc learns; it then keeps up to twice as much.
    private const nuint LargestLesson = (32 << 20) - (64 << 10);

    private static int _told;

    /// <summary>
    /// Frees one large untouched block, which raises glibc's dynamic thresholds. Programs that set MALLOC_TRIM_THRESHOLD_,
    /// MALLOC_MMAP_THRESHOLD_, or similar variables have turned this adaptation off and aren't affected. Has an effect only once.
    /// </summary>
    internal static void Keep()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref _told, 1) == 0)
        {
            NativeMemory.Free(NativeMemory.Alloc(LargestLesson));
        }
    }
}
