namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Every array in this module and below: parameters, buffers and arrays whose name begins with '_'.</summary>
    public Tree CaptureState()
    {
        ModuleWrites.Look look = ModuleWrites.Read();
        Tree state;
        do
        {
            state = Capture(this);
        }
        while (look.Again());
        return state;
    }

    /// <summary>
    /// Puts back the arrays of <see cref="CaptureState"/>. What held no array then holds none afterwards. A state that does not fit
    /// changes nothing.
    /// </summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>, or one of the same structure.</param>
    /// <exception cref="ArgumentException">The tree has another structure; the message names the path.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        ModuleUpdate.State(this, state);
    }

    private static Tree Capture(object value)
    {
        if (value is MlxArray array)
        {
            return StandIn.Seen(array);
        }
        Tree state = ModuleSlot.NewTree(value);
        foreach (ModuleSlot slot in ModuleSlot.In(value))
        {
            if (slot.HoldsState)
            {
                slot.AddTo(state, Capture(slot.Value!));
            }
            else if (state is TreeList)
            {
                // Positions are kept.
                slot.AddTo(state, new TreeDictionary());
            }
        }
        return state;
    }
}
