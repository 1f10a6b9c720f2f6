using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace DotMlx;

/// <summary>
/// Asks the processor to load memory into its cache before code uses it. A request never faults, even if the memory has been freed or an
/// object has been moved. It has no effect on processors without SSE.
/// </summary>
internal static unsafe class Prefetch
{
    private const int Line = 64;

    /// <summary>Loads the start of an object.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Object(object? value) => Memory(Unsafe.As<object?, nint>(ref value));

    /// <summary>Loads the start of an object that is longer than a cache line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void LongObject(object? value)
    {
        nint start = Unsafe.As<object?, nint>(ref value);
        Memory(start);
        Memory(start + Line);
    }

    /// <summary>Loads the cache line at an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Memory(nint address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0((void*)address);
        }
    }
}
