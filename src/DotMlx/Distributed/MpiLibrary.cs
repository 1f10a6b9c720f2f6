using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// The MPI library that MLX loads. MLX finalizes it when nothing refers to its group any more, which in a .NET process is never: groups and
/// graphs live to its end. But mpirun takes every rank for failed that ends without, so this does it when the process ends.
/// </summary>
internal static unsafe class MpiLibrary
{
    private static bool isFinalizedAtExit;

    internal static bool IsInitialized => Tells("MPI_Initialized");

    /// <summary>Whether it has been finalized: then MLX must not give it anything back.</summary>
    internal static bool IsFinalized { get; private set; }

    /// <summary>Finalizes it at the end of the process, unless that ends with an error; called once, by who had it initialized.</summary>
    internal static void FinalizeAtExit()
    {
        isFinalizedAtExit = true;
        ProcessEnd.Register();
    }

    /// <summary>Finalizes it where that was asked for; called when the process ends, while everything still works.</summary>
    internal static void FinalizeNow()
    {
        if (!isFinalizedAtExit)
        {
            return;
        }

        // Without it, mpirun ends the others, who would wait for this one; with it, this one would wait for them.
        nint finalize = Find("MPI_Finalize");
        if (Environment.ExitCode != 0 || PeerWatch.IsLost || finalize == 0 || Tells("MPI_Finalized"))
        {
            return;
        }

        try
        {
            // What is still under way belongs to the program, too.
            Mx.Synchronize(DeviceType.Cpu);
        }
        catch (MlxException)
        {
            return;
        }

        IsFinalized = true;
        _ = ((delegate* unmanaged[Cdecl]<int>)finalize)();
    }

    private static bool Tells(string function)
    {
        int flag = 0;
        nint address = Find(function);
        return address != 0 && ((delegate* unmanaged[Cdecl]<int*, int>)address)(&flag) == 0 && flag != 0;
    }

    // MLX loads the library so that its functions are visible to the whole process.
    private static nint Find(string function) =>
        !OperatingSystem.IsWindows() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), function, out nint address) ? address : 0;
}
