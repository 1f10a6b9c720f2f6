namespace DotMlx.NN;

/// <summary>Finds the locations of a module's parameters by the names in files, with one implementation for checking and loading.</summary>
internal static class WeightNames
{
    private const int ShownProblems = 50;

    /// <exception cref="ArgumentException">A name occurs twice, or, if strict, names or shapes don't match the module exactly.</exception>
    public static List<(ModuleSlot Slot, string Path, MlxArray Array)> Match(
        Module module, KeyValuePair<string, MlxArray>[] weights, bool strict)
    {
        Dictionary<string, ModuleSlot> slots = new(StringComparer.Ordinal);
        Collect(module, "", slots);
        Dictionary<string, MlxArray> found = new(StringComparer.Ordinal);
        List<string> unknown = [];
        foreach ((string name, MlxArray array) in weights)
        {
            ArgumentNullException.ThrowIfNull(name, nameof(weights));
            ArgumentNullException.ThrowIfNull(array, nameof(weights));
            if (!slots.ContainsKey(name))
            {
                unknown.Add(name);
            }
            else if (!found.TryAdd(name, array))
            {
                throw new ArgumentException($"The weights contain '{name}' twice.", nameof(weights));
            }
        }
        if (strict)
        {
            Check(module, slots, found, unknown);
        }
        return [.. found.Select(item => (slots[item.Key], item.Key, item.Value))];
    }

    // Collects the slots of the arrays in Module.Parameters().
    private static void Collect(object container, string path, Dictionary<string, ModuleSlot> slots)
    {
        using Nesting level = Nesting.Enter();
        foreach (ModuleSlot slot in ModuleSlot.In(container))
        {
            if (!slot.HoldsState || (container is Module && slot.Key.StartsWith('_')))
            {
                continue;
            }
            string here = TreePaths.Join(path, slot.Key);
            if (slot.Value is MlxArray)
            {
                if (!slots.TryAdd(here, slot))
                {
                    throw new ArgumentException($"Two parameters have the name '{here}': a key with a dot "
                        + $"in it looks like two keys. Rename one of them.");
                }
            }
            else
            {
                Collect(slot.Value!, here, slots);
            }
        }
    }

    private static void Check(Module module, Dictionary<string, ModuleSlot> slots, Dictionary<string, MlxArray> found, List<string> unknown)
    {
        List<string> problems = [];
        foreach (string name in unknown.Order(StringComparer.Ordinal))
        {
            problems.Add($"'{name}' is not in the model");
        }
        foreach ((string path, ModuleSlot slot) in slots.Where(slot => !found.ContainsKey(slot.Key))
            .OrderBy(slot => slot.Key, StringComparer.Ordinal))
        {
            problems.Add($"'{path}' is missing, expected shape {ModuleUpdate.Shape((MlxArray)slot.Value!)}");
        }
        foreach ((string path, MlxArray array) in found)
        {
            MlxArray expected = (MlxArray)slots[path].Value!;
            if (!array.Shape.SequenceEqual(expected.Shape))
            {
                problems.Add($"'{path}' has the shape {ModuleUpdate.Shape(array)}, expected {ModuleUpdate.Shape(expected)}");
            }
        }
        if (problems.Count > 0)
        {
            string more = problems.Count > ShownProblems ? $"\n  ... and {problems.Count - ShownProblems} more" : "";
            throw new ArgumentException(
                $"The weights don't match {module.GetType().Name}, which is "
                + $"unchanged:\n  {string.Join("\n  ", problems.Take(ShownProblems))}{more}\n"
                + "Pass strict: false to load the weights that have a counterpart, regardless of their shape.");
        }
    }
}
