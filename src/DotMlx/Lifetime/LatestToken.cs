namespace DotMlx;

/// <summary>
/// Represents the latest array of a thread. The array refers to the token, and the thread refers to it only weakly, so the token is
/// collected together with the array, which tells the thread that the array is unreachable. One token serves several arrays in turn, as
/// long as each is disposed before the next is made; none of these needs a weak handle, whose weak reference would have to be set for each.
/// </summary>
internal sealed class LatestToken(ThreadState owner) : ArrayWatch(owner)
{
    /// <summary>The array; a disposed one stays here until the next is made.</summary>
    internal MlxArray? Array { get; set; }
}
