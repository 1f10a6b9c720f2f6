using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// Passes on variables that a program set with <see cref="Environment.SetEnvironmentVariable(string, string)"/>. On Unix, .NET has its own
/// copy of the environment, which C++ doesn't see.
/// </summary>
internal static unsafe class NativeEnvironment
{
    private static readonly string[] Names =
    [
        RingEnvironment.RankVariable, RingEnvironment.HostFileVariable, "MLX_WORLD_SIZE", "MLX_RING_VERBOSE",
        "MLX_MPI_LIBNAME", "MLX_IBV_DEVICES",
        "MLX_JACCL_COORDINATOR", "MLX_JACCL_RING", "MLX_NCCL_TIMEOUT", "NCCL_HOST_IP", "NCCL_PORT",
    ];

    internal static void PassOn()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (string name in Names)
        {
            using NativeText key = new(name, nameof(name));
            string? native = Marshal.PtrToStringUTF8((nint)GetEnv(key.Pointer));
            string? value = Environment.GetEnvironmentVariable(name);
            if (value == native)
            {
                continue;
            }

            if (value is null)
            {
                _ = UnsetEnv(key.Pointer);
            }
            else
            {
                nint text = Marshal.StringToCoTaskMemUTF8(value);
                _ = SetEnv(key.Pointer, (byte*)text, 1);
                Marshal.FreeCoTaskMem(text);
            }
        }
    }

    [DllImport("libc", EntryPoint = "getenv", ExactSpelling = true)]
    private static extern byte* GetEnv(byte* name);

    [DllImport("libc", EntryPoint = "setenv", ExactSpelling = true)]
    private static extern int SetEnv(byte* name, byte* value, int overwrite);

    [DllImport("libc", EntryPoint = "unsetenv", ExactSpelling = true)]
    private static extern int UnsetEnv(byte* name);
}
