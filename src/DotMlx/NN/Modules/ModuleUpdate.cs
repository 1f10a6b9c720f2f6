using System.Collections;

namespace DotMlx.NN;

/// <summary>Replaces arrays and modules in a module atomically: it checks all changes first, and then makes all or none.</summary>
internal sealed class ModuleUpdate
{
    private readonly List<(ModuleSlot Slot, object? Value, string Path)> _changes = [];

    // The previous values of the slots that have been set so far.
    private readonly List<object?> _before = [];
    private readonly bool _strict;
    private readonly bool _checkShapes;
    private ModuleWrites.Watch? _others;

    private ModuleUpdate(bool strict, bool checkShapes)
    {
        _strict = strict;
        _checkShapes = checkShapes;
    }

    public static void Parameters(Module module, Tree parameters, bool strict, bool checkShapes)
    {
        ModuleUpdate update = new(strict, checkShapes);
        update.Plan(module, parameters, "");
        update.CommitArrays(module);
    }

    /// <summary>Replaces parameters by their names in files.</summary>
    public static void Weights(Module module, KeyValuePair<string, MlxArray>[] weights, bool strict)
    {
        ModuleUpdate update = new(strict, checkShapes: false);
        foreach ((ModuleSlot slot, string path, MlxArray array) in WeightNames.Match(module, weights, strict))
        {
            update.Add(slot, array, path);
        }
        update.CommitArrays(module);
    }

    /// <summary>Restores the result of <see cref="Module.CaptureState"/>, except in slots that other threads have written.</summary>
    public static void State(Module module, Tree state, ModuleWrites.Watch? others = null)
    {
        ModuleUpdate update = new(strict: true, checkShapes: false) { _others = others };
        update.PlanState(module, state, "");
        update.Commit();
        update.Detach();
    }

    /// <summary>Temporarily replaces arrays for a function under a transform.</summary>
    public static ModuleUpdate Install(Module module, Tree parameters)
    {
        ModuleUpdate update = new(strict: true, checkShapes: false);
        update.Plan(module, parameters, "");
        update.Commit();
        return update;
    }

    /// <summary>Undoes <see cref="Install"/>, except in slots that have been written since.</summary>
    public void PutBack()
    {
        ModuleWrites.Begin();
        try
        {
            for (int i = _changes.Count - 1; i >= 0; i--)
            {
                (ModuleSlot slot, object? installed, _) = _changes[i];
                object? there = slot.Read();
                if (!ReferenceEquals(there, installed)
                    && (there is not MlxArray array || !ReferenceEquals(ArrayProxy.InCurrentContext(array), installed)))
                {
                    continue;
                }

                if (there is not MlxArray { Proxy: { Trace: { HasEnded: false, IsInCurrentContext: true } } proxy })
                {
                    ModuleWrites.Put(slot, _before[i]);
                }
                else if (_before[i] is MlxArray { Proxy: { } earlier } && earlier.Trace == proxy.Trace)
                {
                    // Other threads may have written another array there in the meantime.
                    earlier.Outside = proxy.Outside;
                    slot.Set(_before[i]);
                }
                else
                {
                    slot.Set(proxy.Outside);
                }
            }
        }
        finally
        {
            ModuleWrites.End();
        }
    }

    public static void Modules(Module module, IEnumerable<KeyValuePair<string, Module>> modules, bool strict)
    {
        ModuleUpdate update = new(strict, checkShapes: false);
        foreach ((string path, Module replacement) in modules)
        {
            update.PlanModule(module, path, replacement);
        }
        update.Commit();
    }

    private void FreeReplaced(Module module)
    {
        // Several slots may share an array, of which the update replaced only one.
        List<MlxArray> left = [];
        module.CaptureState().CollectLeaves(left, shown: false);
        HashSet<MlxArray> kept = new(left, ReferenceEqualityComparer.Instance);
        foreach (object? before in _before)
        {
            if (before is MlxArray replaced && !kept.Contains(replaced))
            {
                replaced.Dispose();
            }
        }
    }

    private void CommitArrays(Module module)
    {
        Commit();
        Detach();

        // Under a transform, the new arrays belong to the trace, and the originals are restored later.
        if (module.OwnsArrays && _changes.Count > 0 && Trace.Current is null && !TraceLock.IsHeldByCurrentThread)
        {
            FreeReplaced(module);
        }
    }

    // An array in a module outlives the scope that created it.
    private void Detach()
    {
        if (!MlxScope.AnyActive)
        {
            return;
        }
        foreach ((_, object? value, _) in _changes)
        {
            if (value is MlxArray array)
            {
                MlxScope.Detach(array.Proxy?.Traced ?? array);
            }
        }
    }

    private void PlanState(object container, Tree state, string path)
    {
        using Nesting level = Nesting.Enter();
        if (state is TreeLeaf)
        {
            throw new ArgumentException($"The state has an array at '{path}', where the module has {Describe(container)}.");
        }
        HashSet<string> names = [];

        // Processes the elements in reverse order, so that surplus elements are removed from the end of a list.
        foreach (ModuleSlot slot in ModuleSlot.In(container).Reverse())
        {
            names.Add(slot.Key);
            PlanState(slot, container, state.Child(slot.Key), TreePaths.Join(path, slot.Key));
        }
        for (int i = 0; i < state.ChildCount; i++)
        {
            if (!names.Contains(state.NameAt(i)) && !state.ChildAt(i).IsEmptyContainer)
            {
                PlanVanished(container, state.NameAt(i), state.ChildAt(i), TreePaths.Join(path, state.NameAt(i)));
            }
        }
    }

    private void PlanState(ModuleSlot slot, object container, Tree? saved, string path)
    {
        if (saved is TreeLeaf leaf && slot.Value is null or MlxArray)
        {
            Add(slot, leaf.Array, path);
        }
        else if (slot.Value is MlxArray && saved is null or { IsEmptyContainer: true })
        {
            // The slot was missing or held no array when the state was captured.
            _changes.Add((slot, saved is null && container is not Module ? ModuleSlot.Gone : null, path));
        }
        else if (saved is not null && slot.HoldsState)
        {
            PlanState(slot.Value is MlxArray ? throw StateMismatch(slot.Value, saved, path) : slot.Value!, saved, path);
        }
        else if (saved is { IsEmptyContainer: false })
        {
            throw StateMismatch(container, saved, path);
        }
    }

    private void PlanVanished(object container, string name, Tree saved, string path)
    {
        if (saved is not TreeLeaf leaf || ModuleSlot.Beyond(container, name) is not { } slot)
        {
            throw StateMismatch(container, saved, path);
        }
        Add(slot, leaf.Array, path);
    }

    private static ArgumentException StateMismatch(object there, Tree saved, string path) =>
        new($"The state does not fit the module: '{path}' is {saved.Description} in the state, "
        + $"but {Describe(there)} has no place for that.");

    private void Plan(object container, Tree tree, string path)
    {
        if (tree is TreeLeaf && _strict)
        {
            throw new ArgumentException(
                $"{Where(path)} is {Describe(container)}, but the update has an array of shape {Shape(tree.Array)} there.");
        }
        for (int i = 0; i < tree.ChildCount; i++)
        {
            PlanChild(container, tree.NameAt(i), tree.ChildAt(i), path);
        }
    }

    private void PlanChild(object container, string key, Tree child, string parentPath)
    {
        string path = TreePaths.Join(parentPath, key);
        if (!ModuleSlot.TryFind(container, key, out ModuleSlot slot) || slot.Value is null)
        {
            // Trees from modules and transforms have empty dictionaries where there is nothing to update.
            if (_strict && !child.IsEmptyContainer)
            {
                throw Missing(container, path, parentPath);
            }
            return;
        }
        if (slot.Value is MlxArray current)
        {
            PlanArray(slot, current, child, path);
        }
        else if (slot.Value is Module || ModuleSlot.IsContainer(slot.Value))
        {
            Plan(slot.Value, child, path);
        }
    }

    private void PlanArray(ModuleSlot slot, MlxArray current, Tree child, string path)
    {
        if (child is not TreeLeaf { Array: { } replacement })
        {
            // An empty dictionary marks a gap, as in lists.
            if (_strict && !child.IsEmptyContainer)
            {
                throw new ArgumentException($"Parameter '{path}' is an array of shape {Shape(current)}, but "
                    + $"the update has no array there.");
            }
            return;
        }
        if (_checkShapes && !replacement.Shape.SequenceEqual(current.Shape))
        {
            throw new ArgumentException(
                $"Parameter '{path}' has the shape {Shape(current)}, but the update has an array of shape {Shape(replacement)}; "
                + "pass strict: false to change shapes.");
        }
        Add(slot, replacement, path);
    }

    private void PlanModule(Module root, string path, Module replacement)
    {
        ArgumentNullException.ThrowIfNull(replacement);
        if (!ModuleSlot.TryFollow(root, path, out ModuleSlot slot) || slot.Value is null)
        {
            if (_strict)
            {
                throw ModuleNotFound(root, path);
            }
        }
        else if (slot.Value is Module)
        {
            Add(slot, replacement, path);
        }
        else if (_strict)
        {
            throw new ArgumentException($"'{path}' is {Describe(slot.Value)}, not a module.");
        }
    }

    // The message says which part of the path exists.
    private static KeyNotFoundException ModuleNotFound(object root, string path)
    {
        int end = path.Length;
        while (end > 0 && (end = path.LastIndexOf('.', end - 1)) > 0)
        {
            if (ModuleSlot.TryFollow(root, path[..end], out ModuleSlot slot) && slot.Value is { } container)
            {
                return Missing(container, path, path[..end]);
            }
        }
        return Missing(root, path, "");
    }

    private void Add(ModuleSlot slot, object value, string path)
    {
        if (ReferenceEquals(slot.Value, value))
        {
            return;
        }
        if (!slot.Accepts(value))
        {
            throw DoesNotFit(slot, value, path, null);
        }
        _changes.Add((slot, value, path));
    }

    private void Commit()
    {
        // Other threads see the old values until the transform ends.
        Trace? trace = Trace.Current;
        int at = 0;
        ModuleWrites.Begin();
        try
        {
            _changes.RemoveAll(change => _others?.Has(change.Slot) == true);
            for (; at < _changes.Count; at++)
            {
                (ModuleSlot slot, object? value, string path) = _changes[at];
                if (trace is null)
                {
                    _before.Add(ModuleWrites.Put(slot, value));
                }
                else
                {
                    object? before = slot.Read();
                    _changes[at] = (slot, trace.Write(slot, value), path);
                    _before.Add(before);
                }
            }
        }
        catch (Exception refusal)
        {
            // A typed list or a property setter rejected the value, so the earlier changes are undone.
            for (int i = at - 1; i >= 0; i--)
            {
                _ = trace is null ? ModuleWrites.Put(_changes[i].Slot, _before[i]) : _changes[i].Slot.Set(_before[i]);
            }
            if (refusal is InvalidCastException or ArgumentException)
            {
                throw DoesNotFit(_changes[at].Slot, _changes[at].Value ?? "nothing", _changes[at].Path, refusal);
            }
            throw;
        }
        finally
        {
            ModuleWrites.End();
        }
    }

    private static ArgumentException DoesNotFit(ModuleSlot slot, object value, string path, Exception? inner) => new(
        $"'{path}' cannot hold a {value.GetType().Name}: it is declared as {slot.TypeName} or is in a "
        + $"read-only or differently typed list. "
        + "Declare it with a common base type, in a List<T>.", inner);

    private static KeyNotFoundException Missing(object container, string path, string parentPath)
    {
        string[] there = [.. ModuleSlot.In(container).Where(s => s.Value is not null).Select(s => s.Key)];
        string names = there.Length == 0 ? "nothing" : string.Join(", ", there.Take(12)) + (there.Length > 12 ? ", ..." : "");
        return new KeyNotFoundException(
            $"There is no parameter '{path}': {Where(parentPath)} is {Describe(container)} and "
            + $"holds {names}; pass strict: false to ignore this.");
    }

    private static string Where(string path) => path.Length == 0 ? "the module" : $"'{path}'";

    private static string Describe(object value) => value switch
    {
        Module module => "a " + module.GetType().Name,
        MlxArray array => "an array of shape " + Shape(array),
        IDictionary => "a dictionary",
        IList list => $"a list of length {list.Count}",
        _ => "a " + value.GetType().Name,
    };

    internal static string Shape(MlxArray array) => "(" + string.Join(", ", array.Shape.ToArray()) + (array.NDim == 1 ? ",)" : ")");
}
