namespace DotMlx;

/// <summary>The object through which the thread that made an array learns that the array is unreachable.</summary>
/// <param name="owner">The thread that made the array.</param>
internal abstract class ArrayWatch(ThreadState owner)
{
    /// <summary>The thread that made the array.</summary>
    internal ThreadState Owner { get; } = owner;
}
