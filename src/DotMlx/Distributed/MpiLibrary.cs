using System.Runtime.InteropServices;

namespace DotMlx;

/// <summary>
/// The MPI library that MLX loads. MLX finalizes it when nothing refers to its group anymore, which never happens in a .NET process,
/// because groups and graphs live until its end. mpirun considers a rank that ends without finalizing as failed, so this class finalizes
/// MPI when the process ends.
/// </summary>
internal static unsafe class MpiLibrary
{
    private static bool _isFinalizedAtExit;

    internal static bool IsInitialized => Query("MPI_Initialized");

    /// <summary>Whether it has been finalized, after which MLX must not return anything to it.</summary>
    internal static bool IsFinalized { get; private set; }

    /// <summary>
    /// Requests to finalize it at the end of the process, unless the process ends with an error; called once, by the code that initialized
    /// it.
    /// </summary>
    internal static void FinalizeAtExit()
    {
        _isFinalizedAtExit = true;
        ProcessEnd.Register();
    }

    /// <summary>Finalizes it if that was requested; called when the process ends, while everything still works.</summary>
    internal static void FinalizeNow()
    {
        if (!_isFinalizedAtExit)
        {
            return;
        }

        // A failed process doesn't finalize MPI: mpirun then ends the other processes, whereas finalizing would wait for them.
        nint finalize = Find("MPI_Finalize");
        if (Environment.ExitCode != 0 || PeerWatch.IsLost || finalize == 0 || Query("MPI_Finalized"))
        {
            return;
        }

        try
        {
            // Operations in progress may also be the program's.
            Mx.Synchronize(DeviceType.Cpu);
        }
        catch (MlxException)
        {
            return;
        }

        IsFinalized = true;
        _ = ((delegate* unmanaged[Cdecl]<int>)finalize)();
    }

    private static bool Query(string function)
    {
        int flag = 0;
        nint address = Find(function);
        return address != 0 && ((delegate* unmanaged[Cdecl]<int*, int>)address)(&flag) == 0 && flag != 0;
    }

    // MLX loads the library so that its functions are visible to the whole process.
    private static nint Find(string function) =>
        !OperatingSystem.IsWindows()
            && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), function, out nint address) ? address : 0;
}
