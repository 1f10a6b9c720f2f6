using DotMlx.NN;

namespace DotMlx;

/// <summary>Numbers the modes of the modules in the state of a compiled function, so that each mode has its own graph.</summary>
internal sealed class ModuleModes(IEnumerable<IMlxState> states)
{
    private readonly Module[] _modules = [.. states.OfType<Module>().Distinct(ReferenceEqualityComparer.Instance).Cast<Module>()];
    private readonly List<string> _known = [];
    private int _changes;
    private ulong _current;

    /// <summary>The number of the current modes.</summary>
    internal ulong Current()
    {
        // Checking every module on each call would be slow for models with very many modules.
        int changed = Module.ModeChanges;
        if (changed == _changes && _known.Count > 0)
        {
            return _current;
        }

        string modes = string.Join("\n\n", _modules.Select(module => module.ModeText()));
        int index = _known.IndexOf(modes);
        if (index < 0)
        {
            index = _known.Count;
            _known.Add(modes);
        }

        _changes = changed;
        return _current = (ulong)index;
    }
}
