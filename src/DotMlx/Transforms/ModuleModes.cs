using DotMlx.NN;

namespace DotMlx;

/// <summary>Numbers the modes of the modules in the state of a compiled function, so that it has one graph per mode.</summary>
internal sealed class ModuleModes(IEnumerable<IMlxState> states)
{
    private readonly Module[] modules = [.. states.OfType<Module>().Distinct(ReferenceEqualityComparer.Instance).Cast<Module>()];
    private readonly List<string> known = [];
    private int changes;
    private ulong current;

    /// <summary>The number of the current modes.</summary>
    internal ulong Current()
    {
        // Looking through all modules at every call would be felt in models of very many.
        int changed = Module.ModeChanges;
        if (changed == changes && known.Count > 0)
        {
            return current;
        }

        string modes = string.Join("\n\n", modules.Select(module => module.ModeText()));
        int index = known.IndexOf(modes);
        if (index < 0)
        {
            index = known.Count;
            known.Add(modes);
        }

        changes = changed;
        return current = (ulong)index;
    }
}
