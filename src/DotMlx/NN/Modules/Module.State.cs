using System.Collections;

namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Every array in this module and below: parameters, buffers and arrays whose name begins with '_'.</summary>
    public Tree CaptureState() => Capture(this);

    /// <summary>Puts back the arrays of <see cref="CaptureState"/>; array members that were empty then are emptied.</summary>
    /// <param name="state">A tree from <see cref="CaptureState"/>, or one of the same structure.</param>
    /// <exception cref="ArgumentException">The tree has another structure; the message names the path.</exception>
    public void RestoreState(Tree state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Restore(this, state, "");
    }

    private static Tree Capture(object value)
    {
        switch (value)
        {
            case MlxArray array:
                return array;
            case IList list and not IDictionary:
                TreeList items = [];
                foreach (object? item in list)
                {
                    items.Add(item is MlxArray or Module || ModuleSlot.IsContainer(item) ? Capture(item) : new TreeDictionary());
                }
                return items;
            default:
                TreeDictionary members = [];
                foreach (ModuleSlot slot in ModuleSlot.In(value))
                {
                    if (slot.Value is MlxArray or Module || ModuleSlot.IsContainer(slot.Value))
                    {
                        members[slot.Key] = Capture(slot.Value);
                    }
                }
                return members;
        }
    }

    private static void Restore(object container, Tree state, string path)
    {
        if (state is TreeLeaf)
        {
            throw new ArgumentException($"The state has an array at '{path}', where the module has a {container.GetType().Name}.");
        }
        foreach (ModuleSlot slot in ModuleSlot.In(container).ToArray())
        {
            string here = Join(path, slot.Key);
            Tree? saved = state.TryFind(slot.Key, out Tree? found) ? found : null;
            if (saved is TreeLeaf leaf && slot.Value is null or MlxArray)
            {
                if (!ReferenceEquals(slot.Value, leaf.Array))
                {
                    slot.Set(leaf.Array);
                    MlxScope.Detach(leaf.Array);
                }
            }
            else if (slot.Value is MlxArray && container is Module)
            {
                slot.Set(null);
            }
            else if (saved is not null && (slot.Value is Module || ModuleSlot.IsContainer(slot.Value)))
            {
                Restore(slot.Value, saved, here);
            }
        }
    }
}
