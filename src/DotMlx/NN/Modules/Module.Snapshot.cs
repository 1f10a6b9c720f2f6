namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Evaluates all current parameters and buffers, and returns them as separate arrays that share the module's memory. Later updates
    /// don't change or free these arrays, even if <see cref="OwnsArrays"/> is true. A server can publish a whole model during training:
    /// <c>published = (Net)new Net().Update(model.Snapshot()).Eval();</c>.
    /// </summary>
    /// <remarks>
    /// Call this method on the training thread between two steps. Otherwise, the snapshot could mix parameters of two steps.
    /// </remarks>
    /// <returns>A tree as <see cref="Parameters"/> returns it.</returns>
    /// <exception cref="InvalidOperationException">
    /// The method was called in a function under a transform, where arrays have no values.
    /// </exception>
    /// <exception cref="MlxException">A computation failed.</exception>
    public TreeDictionary Snapshot()
    {
        if (Trace.Current is not null)
        {
            throw new InvalidOperationException(
                $"A snapshot of {GetType().Name} cannot be taken inside a function under a transform: its arrays have no values there. "
                + $"Take it between two steps.");
        }

        TreeDictionary shared = FilterAndMap(IsParameter, static array =>
        {
            MlxArray share = array.Share();
            MlxScope.Detach(share);
            return share;
        });
        Mx.Eval(shared);
        return shared;
    }
}
