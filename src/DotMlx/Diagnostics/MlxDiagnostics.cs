namespace DotMlx;

/// <summary>
/// Provides information about live arrays, their memory, and, on request, where they were made. The meter <c>DotMlx</c> of
/// System.Diagnostics.Metrics publishes the same figures.
/// </summary>
public static class MlxDiagnostics
{
    /// <summary>The number of arrays that were neither disposed nor found unreachable.</summary>
    public static long LiveArrays => DotMlx.LiveArrays.Count;

    /// <summary>The number of arrays made since the start of the process.</summary>
    public static long CreatedArrays => DotMlx.LiveArrays.CreatedTotal;

    /// <summary>The number of bytes that MLX uses for arrays; the same as <see cref="Mx.GetActiveMemory"/>.</summary>
    public static long LiveBytes => Mx.GetActiveMemory();

    /// <summary>
    /// The number of evaluations since the start of the process. Saving, <see cref="Mx.Synchronize"/>, and clearing the cache count too,
    /// but reading known values doesn't.
    /// </summary>
    public static long Evaluations => Evaluation.Count;

    /// <summary>
    /// Whether to evaluate arrays of indices and class labels so that they can be checked wherever they are used (<see cref="Mx.Take"/>,
    /// embeddings, losses, …). Otherwise, only arrays that are already evaluated are checked, and an out-of-range index in any other array
    /// makes MLX read unrelated memory. This setting is for debugging: each check waits for the evaluation. Arrays inside compiled
    /// functions and gradients can't be checked, because they have no values yet.
    /// </summary>
    public static bool CheckIndices { get; set; }

    /// <summary>
    /// Records where each array is made until the result is disposed. <see cref="LiveAllocations"/> then lists the live arrays. Recording
    /// is slow and is intended for finding leaks.
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
