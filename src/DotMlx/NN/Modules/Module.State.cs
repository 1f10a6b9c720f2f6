namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Captures every array of this module and those below it: parameters, buffers, and arrays whose name begins with '_'.
    /// </summary>
    public Tree CaptureState()
    {
        ModuleWrites.ReadAttempt attempt = ModuleWrites.Read();
        Tree state;
        do
        {
            state = Capture(this);
        }
        while (attempt.MustRetry());
        return state;
    }

    /// <summary>
    /// Restores the arrays of a <see cref="CaptureState"/>. A location that held no array then becomes empty again. A state that doesn't
    /// fit changes nothing.
    /// </summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>, or one of the same structure.</param>
    /// <exception cref="ArgumentException">The tree has a different structure; the message contains the path.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        ModuleUpdate.State(this, state);
    }

    private static Tree Capture(object value)
    {
        if (value is MlxArray array)
        {
            return ArrayProxy.InCurrentContext(array);
        }
        using Nesting level = Nesting.Enter();
        Tree state = ModuleSlot.NewTree(value);
        foreach (ModuleSlot slot in ModuleSlot.In(value))
        {
            if (slot.HoldsState)
            {
                slot.AddTo(state, Capture(slot.Value!));
            }
            else if (state is TreeList)
            {
                // An empty dictionary preserves the positions of later elements.
                slot.AddTo(state, new TreeDictionary());
            }
        }
        return state;
    }
}
