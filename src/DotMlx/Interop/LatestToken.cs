namespace DotMlx;

/// <summary>
/// Stands for the array that a thread made last. The array refers to it, the thread only by a weak reference: so it is collected together
/// with the array, which is how the thread finds out. One token serves for one array after the other as long as each is disposed
/// before the next is made; none of those needs a guard, whose weak reference would have to be set for each.
/// </summary>
internal sealed class LatestToken(ThreadState owner) : ArrayWatch(owner)
{
    /// <summary>The array; one that is disposed stays here until the next is made.</summary>
    internal MlxArray? Array { get; set; }
}
