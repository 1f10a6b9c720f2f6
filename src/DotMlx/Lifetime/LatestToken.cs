namespace DotMlx;

/// <summary>
/// Represents the latest array of a thread. The array refers to the token, and the thread refers to the token only weakly. The garbage
/// collector therefore collects both together, which tells the thread that the array is unreachable. One token serves several arrays in
/// turn, as long as each is disposed before the next is made. None of them needs a weak handle, whose weak reference would have to be set
/// for each array.
/// </summary>
internal sealed class LatestToken(ThreadState owner) : ArrayWatch(owner)
{
    /// <summary>The array; a disposed array stays here until the next one is made.</summary>
    internal MlxArray? Array { get; set; }
}
