namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// All parameters and buffers as they are now, computed, as arrays of their own that share the memory of the module's. No later update
    /// changes or frees them, also where <see cref="OwnsArrays"/> is true. A server publishes a whole model with it while training goes on:
    /// <c>published = (Net)new Net().Update(model.Snapshot()).Eval();</c>.
    /// </summary>
    /// <remarks>
    /// Call it on the thread that trains, between two steps: an update on another thread at that moment could mix two steps.
    /// </remarks>
    /// <returns>A tree as <see cref="Parameters"/> gives it.</returns>
    /// <exception cref="InvalidOperationException">
    /// It was called inside a function under a transform, where arrays have no values.
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
