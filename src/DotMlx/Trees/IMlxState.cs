namespace DotMlx;

/// <summary>
/// Something that keeps arrays between calls: a module, an optimizer, the random state. A compiled function that reads or
/// changes such state names it, so that its arrays become inputs and outputs of the compiled graph.
/// </summary>
public interface IMlxState
{
    /// <summary>The arrays as they are now: containers are copied, arrays shared.</summary>
    Tree CaptureState();

    /// <summary>Puts arrays back; the tree has the structure that <see cref="CaptureState"/> gives.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>, or one mapped from it.</param>
    void RestoreState(Tree state);
}
