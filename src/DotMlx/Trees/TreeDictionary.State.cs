namespace DotMlx;

/// <content>Lets a compiled function that reads or changes a dictionary of arrays list the dictionary itself as its state.</content>
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
