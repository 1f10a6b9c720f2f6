namespace DotMlx;

/// <summary>What an array refers to so that the thread that made it finds out when nobody has it any more.</summary>
/// <param name="owner">The thread that made the array.</param>
internal abstract class ArrayWatch(ThreadState owner)
{
    /// <summary>The thread that made the array.</summary>
    internal ThreadState Owner { get; } = owner;
}
