using System.Diagnostics;

namespace DotMlx;

/// <summary>Describes where a live array was made.</summary>
/// <param name="DType">The dtype of the array.</param>
/// <param name="Shape">The shape of the array.</param>
/// <param name="StackTrace">The stack trace of the array's creation.</param>
public sealed record AllocationRecord(DType DType, IReadOnlyList<int> Shape, StackTrace StackTrace)
{
    /// <summary>The size of the array's elements in bytes.</summary>
    public long NBytes => Shape.Aggregate((long)DType.ItemSize(), (bytes, size) => bytes * size);
}
