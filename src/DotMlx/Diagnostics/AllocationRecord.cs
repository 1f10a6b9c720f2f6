using System.Diagnostics;

namespace DotMlx;

/// <summary>Where a live array was made.</summary>
/// <param name="DType">Its element type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="StackTrace">The stack trace of its creation.</param>
public sealed record AllocationRecord(DType DType, IReadOnlyList<int> Shape, StackTrace StackTrace)
{
    /// <summary>The size of its elements in bytes.</summary>
    public long NBytes => Shape.Aggregate((long)DType.ItemSize(), (bytes, size) => bytes * size);
}
