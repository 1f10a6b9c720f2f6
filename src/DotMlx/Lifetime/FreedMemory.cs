using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Makes the C library keep the memory that MLX frees on the CPU, where MLX has no cache of its own. By default, glibc returns every block
/// larger than any freed before to the system, which then provides the memory again page by page. That took a third of the time of a
/// training step.
/// </summary>
internal static unsafe class FreedMemory
{
    // Just below the largest block size to which glibc adapts its thresholds; glibc then keeps up to twice as much.
    private const nuint ThresholdBlockSize = (32 << 20) - (64 << 10);

    private static int _hasRaised;

    /// <summary>
    /// Frees one large untouched block, which raises glibc's dynamic thresholds; only the first call does so. A program that sets
    /// MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_, or a similar variable turns this adaptation off and isn't affected.
    /// </summary>
    internal static void Keep()
    {
        if (OperatingSystem.IsLinux() && Interlocked.Exchange(ref _hasRaised, 1) == 0)
        {
            NativeMemory.Free(NativeMemory.Alloc(ThresholdBlockSize));
        }
    }
}
