using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Lets the C library keep memory that MLX frees on the CPU. MLX has no cache of its own there, and glibc gives whatever is larger than
/// what was freed before back to the system, which hands it out anew page by page: a third of the time of a training step.
/// </summary>
internal static unsafe class FreedMemory
{
    // Just below the largest block from which glibc learns; it then keeps up to twice as much.
    private const nuint LargestLesson = (32 << 20) - (64 << 10);

    private static int told;

    /// <summary>
    /// Frees one large block that nobody touched: glibc takes its size for usual from then on. Programs that set MALLOC_TRIM_THRESHOLD_,
    /// MALLOC_MMAP_THRESHOLD_ or such have switched learning off, and stay as they are. Does its work once.
    /// </summary>
    internal static void Keep()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref told, 1) == 0)
        {
            NativeMemory.Free(NativeMemory.Alloc(LargestLesson));
        }
    }
}
