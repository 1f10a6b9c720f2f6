namespace DotMlx;

/// <content>A dictionary of arrays that a compiled function reads or changes can itself be named as its state.</content>
public sealed partial class TreeDictionary : IMlxState
{
    /// <inheritdoc/>
    Tree IMlxState.CaptureState() => Copy();

    /// <inheritdoc/>
    void IMlxState.RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Assign(state as TreeDictionary
            ?? throw new ArgumentException($"The state is a dictionary, but this is {state.Description}.", nameof(state)));
    }
}
