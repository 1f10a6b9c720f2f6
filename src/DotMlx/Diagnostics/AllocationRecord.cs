using System.Diagnostics;

namespace DotMlx;

/// <summary>Where an array that is still alive was made.</summary>
/// <param name="DType">Its element type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="StackTrace">The calls that led to its making.</param>
public sealed record AllocationRecord(DType DType, IReadOnlyList<int> Shape, StackTrace StackTrace)
{
    /// <summary>The size of its elements in bytes.</summary>
    public long NBytes => Shape.Aggregate((long)DType.ItemSize(), (bytes, size) => bytes * size);
}
