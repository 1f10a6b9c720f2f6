namespace DotMlx;

/// <summary>
/// What the library holds: arrays that live, the memory behind them, and, on request, where they were made.
/// The same figures are published by the meter <c>DotMlx</c> of System.Diagnostics.Metrics.
/// </summary>
public static class MlxDiagnostics
{
    /// <summary>Arrays that were made and neither disposed nor finalized yet.</summary>
    public static long LiveArrays => DotMlx.LiveArrays.Count;

    /// <summary>Arrays made since the start of the process.</summary>
    public static long CreatedArrays => DotMlx.LiveArrays.CreatedTotal;

    /// <summary>The bytes MLX has in use for arrays, <see cref="Mx.GetActiveMemory"/>.</summary>
    public static long LiveBytes => Mx.GetActiveMemory();

    /// <summary>Evaluations since the start of the process.</summary>
    public static long Evaluations => Evaluation.Count;

    /// <summary>
    /// Whether positions and class labels are computed to check them wherever something is taken by them (<see cref="Mx.Take"/>,
    /// embeddings, losses, …). Otherwise only those that are computed already are checked, and MLX reads elsewhere for the rest. For
    /// finding mistakes: it waits for the computation, and sees nothing inside compiled functions and gradients, where there are no
    /// values yet.
    /// </summary>
    public static bool CheckIndices { get; set; }

    /// <summary>
    /// Remembers from now on where each array is made, until the result is disposed; slow, for finding leaks.
    /// <see cref="LiveAllocations"/> then lists the ones that still live.
    /// </summary>
    public static IDisposable RecordAllocations()
    {
        DotMlx.LiveArrays.StartRecording();
        return new Recording();
    }

    /// <summary>The arrays made since <see cref="RecordAllocations"/> that still live, with the calls that made them.</summary>
    public static IReadOnlyList<AllocationRecord> LiveAllocations() => DotMlx.LiveArrays.Records();

    private sealed class Recording : IDisposable
    {
        public void Dispose() => DotMlx.LiveArrays.StopRecording();
    }
}
