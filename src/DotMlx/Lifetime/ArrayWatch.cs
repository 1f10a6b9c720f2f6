namespace DotMlx;

/// <summary>The object to which an array refers so that the thread that made the array finds out when it is unreachable.</summary>
/// <param name="owner">The thread that made the array.</param>
internal abstract class ArrayWatch(ThreadState owner)
{
    /// <summary>The thread that made the array.</summary>
    internal ThreadState Owner { get; } = owner;
}
