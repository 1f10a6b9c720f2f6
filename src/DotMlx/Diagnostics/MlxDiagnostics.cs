namespace DotMlx;

/// <summary>
/// Information about live arrays, their memory, and, on request, where they were made. The meter <c>DotMlx</c> of
/// System.Diagnostics.Metrics publishes the same figures.
/// </summary>
public static class MlxDiagnostics
{
    /// <summary>The number of arrays that were neither disposed nor found unreachable.</summary>
    public static long LiveArrays => DotMlx.LiveArrays.Count;

    /// <summary>The number of arrays made since the start of the process.</summary>
    public static long CreatedArrays => DotMlx.LiveArrays.CreatedTotal;

    /// <summary>The number of bytes that MLX uses for arrays, <see cref="Mx.GetActiveMemory"/>.</summary>
    public static long LiveBytes => Mx.GetActiveMemory();

    /// <summary>The number of evaluations since the start of the process.</summary>
    public static long Evaluations => Evaluation.Count;

    /// <summary>
    /// Whether positions and class labels are computed so that they can be checked wherever they are used (<see cref="Mx.Take"/>,
    /// embeddings, losses, …). Otherwise, only those that are already computed are checked, and for the rest MLX reads other memory. This
    /// is for debugging: it waits for the computation, and it can't check inside compiled functions and gradients, where there are no
    /// values yet.
    /// </summary>
    public static bool CheckIndices { get; set; }

    /// <summary>
    /// Records where each array is made until the result is disposed. This is slow; it is for finding leaks. <see cref="LiveAllocations"/>
    /// then lists the live arrays.
    /// </summary>
    public static IDisposable RecordAllocations()
    {
        DotMlx.LiveArrays.StartRecording();
        return new Recording();
    }

    /// <summary>The live arrays made since <see cref="RecordAllocations"/>, with the stack traces of their creation.</summary>
    public static IReadOnlyList<AllocationRecord> LiveAllocations() => DotMlx.LiveArrays.Records();

    private sealed class Recording : IDisposable
    {
        public void Dispose() => DotMlx.LiveArrays.StopRecording();
    }
}
