using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>Asks the operating system how much of the calling thread's stack is left.</summary>
internal static unsafe class ThreadStack
{
    // Larger than pthread_attr_t on any supported platform.
    private const int AttributesSize = 256;

    // The lowest address of the stack; 0 if not yet queried, the maximum value if unknown.
    [ThreadStatic]
    private static nuint _end;

    /// <summary>The number of bytes left, or null if unknown.</summary>
    internal static long? Left
    {
        get
        {
            if (_end == 0)
            {
                _end = Find() ?? nuint.MaxValue;
            }

            byte here = 0;
            return _end == nuint.MaxValue ? null : (long)((nuint)(&here) - _end);
        }
    }

    private static nuint? Find()
    {
        if (OperatingSystem.IsWindows())
        {
            nuint low = 0, high = 0;
            return Function(NativeLibrary.Load("kernel32.dll"), "GetCurrentThreadStackLimits") is var limits and not 0
                ? Limits((delegate* unmanaged<nuint*, nuint*, void>)limits, &low, &high) : null;
        }

        nint program = NativeLibrary.GetMainProgramHandle();
        nint self = Function(program, "pthread_self");
        if (self == 0)
        {
            return null;
        }

        nint thread = ((delegate* unmanaged[Cdecl]<nint>)self)();
        return OperatingSystem.IsMacOS() ? OnMac(program, thread) : OnLinux(program, thread);
    }

    private static nuint? Limits(delegate* unmanaged<nuint*, nuint*, void> limits, nuint* low, nuint* high)
    {
        limits(low, high);
        return *low;
    }

    private static nuint? OnMac(nint program, nint thread)
    {
        nint top = Function(program, "pthread_get_stackaddr_np");
        nint size = Function(program, "pthread_get_stacksize_np");
        return top == 0 || size == 0 ? null
            : ((delegate* unmanaged[Cdecl]<nint, nuint>)top)(thread) - ((delegate* unmanaged[Cdecl]<nint, nuint>)size)(thread);
    }

    private static nuint? OnLinux(nint program, nint thread)
    {
        nint get = Function(program, "pthread_getattr_np");
        nint stack = Function(program, "pthread_attr_getstack");
        nint destroy = Function(program, "pthread_attr_destroy");
        if (get == 0 || stack == 0 || destroy == 0)
        {
            return null;
        }

        byte* attributes = stackalloc byte[AttributesSize];
        if (((delegate* unmanaged[Cdecl]<nint, byte*, int>)get)(thread, attributes) != 0)
        {
            return null;
        }

        nuint low = 0;
        nuint size = 0;
        int status = ((delegate* unmanaged[Cdecl]<byte*, nuint*, nuint*, int>)stack)(attributes, &low, &size);
        _ = ((delegate* unmanaged[Cdecl]<byte*, int>)destroy)(attributes);
        return status == 0 ? low : null;
    }

    private static nint Function(nint library, string name) => NativeLibrary.TryGetExport(library, name, out nint address) ? address : 0;
}
