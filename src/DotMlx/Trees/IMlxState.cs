namespace DotMlx;

/// <summary>
/// An object that keeps arrays between calls, such as a module, an optimizer, or the random state. List such state in a compiled function
/// that reads or changes it, so that its arrays become inputs and outputs of the compiled graph.
/// </summary>
public interface IMlxState
{
    /// <summary>Captures the current arrays. Containers are copied, and arrays are shared.</summary>
    Tree CaptureState();

    /// <summary>Restores arrays from a tree with the structure of <see cref="CaptureState"/>.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>, or one mapped from it.</param>
    void RestoreState(Tree state);
}
