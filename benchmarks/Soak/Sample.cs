using System.Diagnostics;

namespace DotMlx.Soak;

/// <summary>The resources of the process between two rounds, after all unreachable objects have been finalized.</summary>
internal sealed record Sample(double Seconds, double Resident, double Managed, double LiveArrays, double Active, double Cache)
{
    internal static Sample Take(double seconds)
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        using Process process = Process.GetCurrentProcess();
        return new Sample(
            seconds, process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false), MlxDiagnostics.LiveArrays, Mx.GetActiveMemory(),
            Mx.GetCacheMemory());
    }
}
