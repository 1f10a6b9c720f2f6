using System.Collections;
using System.Globalization;

namespace DotMlx.NN;

/// <summary>Replaces arrays and modules inside a module: everything is checked first, and then all is set or nothing.</summary>
internal sealed class ModuleUpdate
{
    private readonly List<(ModuleSlot Slot, object Value, string Path)> _changes = [];
    private readonly bool _strict;
    private readonly bool _checkShapes;

    private ModuleUpdate(bool strict, bool checkShapes)
    {
        _strict = strict;
        _checkShapes = checkShapes;
    }

    public static void Parameters(Module module, Tree parameters, bool strict, bool checkShapes)
    {
        ModuleUpdate update = new(strict, checkShapes);
        update.Plan(module, parameters, "");
        update.Commit();
        foreach ((_, object value, _) in update._changes)
        {
            MlxScope.Detach((MlxArray)value);
        }

        // Under a transform the arrays are its own, and the originals come back.
        if (module.OwnsArrays && update._changes.Count > 0 && !TraceLock.IsHeldByCurrentThread)
        {
            update.FreeReplaced(module);
        }
    }

    /// <summary>Puts arrays in for a while, as a function under a transform needs it.</summary>
    public static ModuleUpdate Install(Module module, Tree parameters)
    {
        ModuleUpdate update = new(strict: true, checkShapes: false);
        update.Plan(module, parameters, "");
        update.Commit();
        return update;
    }

    /// <summary>Undoes <see cref="Install"/>, except where something else was put in meanwhile.</summary>
    public void PutBack()
    {
        for (int i = _changes.Count - 1; i >= 0; i--)
        {
            (ModuleSlot slot, object installed, _) = _changes[i];
            if (ReferenceEquals(slot.Read(), installed))
            {
                slot.Set(slot.Value);
            }
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
        // An array may stand in several places, of which the update named one.
        List<MlxArray> left = [];
        module.CaptureState().CollectLeaves(left, shown: false);
        HashSet<MlxArray> kept = new(left, ReferenceEqualityComparer.Instance);
        foreach ((ModuleSlot slot, _, _) in _changes)
        {
            if (slot.Value is MlxArray replaced && !kept.Contains(replaced))
            {
                replaced.Dispose();
            }
        }
    }

    private void Plan(object container, Tree tree, string path)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                foreach ((string key, Tree child) in dictionary)
                {
                    PlanChild(container, key, child, path);
                }
                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    PlanChild(container, i.ToString(CultureInfo.InvariantCulture), list[i], path);
                }
                break;
            case TreeLeaf when _strict:
                throw new ArgumentException(
                    $"{Where(path)} is {Describe(container)}, but the update has an array of shape {Shape(tree.Array)} there.");
        }
    }

    private void PlanChild(object container, string key, Tree child, string parentPath)
    {
        string path = Module.Join(parentPath, key);
        if (!ModuleSlot.TryFind(container, key, out ModuleSlot slot) || slot.Value is null)
        {
            // Lists of modules and functions have empty dictionaries where there is nothing to update.
            if (_strict && child is not TreeDictionary { Count: 0 })
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
            // An empty dictionary says "nothing here", as the gaps of lists do.
            if (_strict && child is not TreeDictionary { Count: 0 })
            {
                throw new ArgumentException($"Parameter '{path}' is an array of shape {Shape(current)}, but the update has no array there.");
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
        object container = root;
        string walked = "";
        string[] parts = path.Split('.');
        for (int i = 0; i < parts.Length; i++)
        {
            string parent = walked;
            walked = Module.Join(walked, parts[i]);
            if (!ModuleSlot.TryFind(container, parts[i], out ModuleSlot slot) || slot.Value is null)
            {
                if (_strict)
                {
                    throw Missing(container, walked, parent);
                }
                return;
            }
            if (i < parts.Length - 1)
            {
                container = slot.Value;
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
        int done = 0;
        try
        {
            for (; done < _changes.Count; done++)
            {
                _changes[done].Slot.Set(_changes[done].Value);
            }
        }
        catch (Exception refusal)
        {
            // A typed list or a setter of the program refused; what was set before goes back.
            int refused = done;
            while (--done >= 0)
            {
                _changes[done].Slot.Set(_changes[done].Slot.Value);
            }
            if (refusal is InvalidCastException or ArgumentException)
            {
                throw DoesNotFit(_changes[refused].Slot, _changes[refused].Value, _changes[refused].Path, refusal);
            }
            throw;
        }
    }

    private static ArgumentException DoesNotFit(ModuleSlot slot, object value, string path, Exception? inner) => new(
        $"'{path}' cannot hold a {value.GetType().Name}: it is declared as {slot.TypeName} or stands in a read-only or differently typed list. "
        + "Declare it with a common base type, in a List<T>.", inner);

    private static KeyNotFoundException Missing(object container, string path, string parentPath)
    {
        string[] there = [.. ModuleSlot.In(container).Where(s => s.Value is not null).Select(s => s.Key)];
        string names = there.Length == 0 ? "nothing" : string.Join(", ", there.Take(12)) + (there.Length > 12 ? ", ..." : "");
        return new KeyNotFoundException(
            $"There is no parameter '{path}': {Where(parentPath)} is {Describe(container)} and holds {names}; pass strict: false to ignore this.");
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
