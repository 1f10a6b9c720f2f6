using System.Globalization;
using System.Text;

namespace DotMlx.Optimizers;

/// <summary>Saves the state of an optimizer, and checks a saved state before the optimizer adopts it.</summary>
internal sealed class Checkpoint
{
    private const string KindKey = "optimizer";
    private const string EntriesKey = "entries";
    private const string Extension = ".safetensors";
    private const int MaxMismatchesShown = 50;

    private readonly List<string> _mismatches = [];

    // The sets of names that parameter states had when the file was written; empty if the file doesn't list them.
    private readonly string[] _entries;

    private Checkpoint(IReadOnlyDictionary<string, string> metadata) =>
        _entries = metadata.TryGetValue(EntriesKey, out string? entries) ? entries.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];

    /// <summary>
    /// Passes a snapshot of the state and its metadata to a function, which must save or hold the arrays before it returns.
    /// </summary>
    public static T Save<T>(OptimizerBase optimizer, Func<TreeDictionary, Dictionary<string, string>, T> save)
    {
        // Snapshots the state, because another thread may update it in the meantime.
        TreeDictionary state = new();
        optimizer.WhileHeld(() => state = optimizer.Snapshot());
        try
        {
            SortedSet<string> entries = new(StringComparer.Ordinal);
            ListEntries(state, entries);
            return save(state, new Dictionary<string, string>
            {
                ["format"] = "mlx", [KindKey] = optimizer.StateKind, [EntriesKey] = string.Join('\n', entries),
            });
        }
        finally
        {
            state.DisposeArrays();
        }
    }

    /// <summary>Adopts the state from a file, or disposes it if it doesn't match.</summary>
    public static void Adopt(OptimizerBase optimizer, string path, SafetensorsFile file, TreeDictionary? parameters, bool allowMissing)
    {
        file.WithoutFloat8("the state of an optimizer", "set the State of the optimizer to a tree of all");
        TreeDictionary loaded = file.Build(() => TreeDictionary.FromItems(
            file.Select(item => KeyValuePair.Create(item.Key, Unscoped(item.Value))), file.Metadata));
        loaded.Reclaim();
        Checkpoint checkpoint = new(file.Metadata);
        if (file.Metadata.TryGetValue(KindKey, out string? kind) && kind != optimizer.StateKind)
        {
            checkpoint._mismatches.Add($"the file holds the state of {kind}, not of {optimizer.StateKind}");
        }

        optimizer.CheckState("", loaded, parameters, allowMissing, checkpoint);
        if (checkpoint._mismatches.Count > 0)
        {
            loaded.DisposeArrays();
            throw Mismatch(path, checkpoint._mismatches);
        }

        optimizer.Replace(loaded, adopts: true);
    }

    /// <summary>Returns the file for a path, with the extension that saving adds.</summary>
    public static string FileOf(string path)
    {
        string name = path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? path : path + Extension;
        return File.Exists(name) || !File.Exists(path) ? name : path;
    }

    /// <summary>Lists the mismatches between a state and an optimizer with its parameters; some parameters may be missing.</summary>
    public static void Check(OptimizerBase optimizer, string prefix, Tree state, TreeDictionary parameters, List<string> mismatches)
    {
        Checkpoint checkpoint = new(new Dictionary<string, string>());
        optimizer.CheckState(prefix, state, parameters, allowMissing: true, checkpoint);
        mismatches.AddRange(checkpoint._mismatches);
    }

    public static OptimizerStateException Mismatch(string path, IReadOnlyList<string> mismatches)
    {
        StringBuilder text = new($"'{path}' does not fit, so nothing was changed:");
        foreach (string mismatch in mismatches.Take(MaxMismatchesShown))
        {
            text.Append("\n  ").Append(mismatch);
        }

        if (mismatches.Count > MaxMismatchesShown)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  … and {mismatches.Count - MaxMismatchesShown} more");
        }

        return new OptimizerStateException(text.ToString(), mismatches);
    }

    /// <summary>Records a mismatch.</summary>
    public void Add(string mismatch) => _mismatches.Add(mismatch);

    /// <summary>Compares a state with the state that an optimizer has, or would have for the given parameters.</summary>
    public void Check(Optimizer optimizer, string prefix, Tree loaded, TreeDictionary current,
        TreeDictionary? parameters, bool allowMissing)
    {
        if (loaded is not TreeDictionary state)
        {
            Add($"{TreePaths.Quote(prefix)} is {loaded.Description}, expected a dictionary");
            return;
        }

        foreach (string name in optimizer.EntryNames)
        {
            if (current.Get(name) is TreeLeaf { Peek: var array })
            {
                CompareArray(TreePaths.Join(prefix, name), array, state.Get(name), ofParameter: false);
            }
        }

        TreeDictionary? initial = parameters is null ? null : optimizer.InitialState(parameters);
        KeyValuePair<string, Tree>[] expected = [.. (initial ?? current).Children.Where(child => child.Value is not TreeLeaf)];
        foreach ((string key, Tree value) in expected)
        {
            Compare(TreePaths.Join(prefix, key), value, state.Get(key), allowMissing);
        }

        HashSet<string> known = [.. expected.Select(child => child.Key)];
        foreach ((string key, Tree value) in state.Children.Where(child => child.Value is not TreeLeaf && !known.Contains(child.Key)))
        {
            if (initial is not null || known.Count > 0)
            {
                AddUnexpected(TreePaths.Join(prefix, key), value);
            }
            else
            {
                CheckEntries(TreePaths.Join(prefix, key), value, optimizer);
            }
        }

        initial?.DisposeArrays();
    }

    private static MlxArray Unscoped(MlxArray array)
    {
        MlxArray own = MlxArray.CreateUnscoped(Arena.Copy(array));
        array.Dispose();
        return own;
    }

    private static bool IsState(Tree node) => node.Children.Any(child => child.Value is TreeLeaf);

    private static string NamesOf(Tree state) =>
        string.Join(", ", state.FlattenUnseen().Select(item => item.Key).Order(StringComparer.Ordinal));

    private static void ListEntries(Tree tree, SortedSet<string> entries)
    {
        foreach ((_, Tree child) in tree.Children)
        {
            if (IsState(child) && child.Child(Optimizer.StepKey) is null)
            {
                entries.Add(NamesOf(child));
            }
            else
            {
                ListEntries(child, entries);
            }
        }
    }

    private void Compare(string path, Tree expected, Tree? actual, bool allowMissing)
    {
        if (expected is TreeLeaf { Peek: var array })
        {
            CompareArray(path, array, actual, ofParameter: true);
        }
        else if (actual is null or { LeafCount: 0 })
        {
            foreach ((string leaf, MlxArray missing) in allowMissing ? [] : expected.FlattenUnseen(path))
            {
                Add($"'{leaf}' is missing, expected {TreePaths.Describe(missing)}");
            }
        }
        else if (actual is TreeLeaf)
        {
            Add($"'{path}' is {actual.Description}, expected {expected.Description}");
        }
        else
        {
            foreach ((string name, Tree child) in expected.Children)
            {
                // A missing master is created by the first update.
                if (name != TreeUpdate.MasterKey || child is not TreeLeaf || actual.Child(name) is not null)
                {
                    Compare(TreePaths.Join(path, name), child, actual.Child(name), allowMissing);
                }
            }

            foreach ((string name, Tree child) in actual.Children.Where(child => expected.Child(child.Key) is null))
            {
                AddUnexpected(TreePaths.Join(path, name), child);
            }
        }
    }

    private void CompareArray(string path, MlxArray expected, Tree? actual, bool ofParameter)
    {
        if (actual is not TreeLeaf { Peek: var array })
        {
            Add($"'{path}' is {actual?.Description ?? "missing"}, expected {TreePaths.Describe(expected)}");
        }
        else if (!array.Shape.SequenceEqual(expected.Shape)
            || (array.DType.IsInteger() != expected.DType.IsInteger() && (ofParameter || !array.DType.IsInteger())))
        {
            // An integer learning rate is accepted, because Python keeps a rate that was given as an integer.
            Add($"'{path}' is {TreePaths.Describe(array)}, expected {TreePaths.Describe(expected)}");
        }
    }

    private void AddUnexpected(string path, Tree node)
    {
        foreach ((string leaf, MlxArray array) in node.FlattenUnseen(path))
        {
            Add($"'{leaf}' is not expected, but there is {TreePaths.Describe(array)}");
        }
    }

    /// <summary>Checks the entries of a state without a counterpart.</summary>
    private void CheckEntries(string path, Tree node, Optimizer optimizer)
    {
        if (!IsState(node))
        {
            foreach ((string name, Tree child) in node.Children)
            {
                CheckEntries(TreePaths.Join(path, name), child, optimizer);
            }
        }
        else if (NamesOf(node) is var names && KnownEntries(node, optimizer) is [_, ..] known && !known.Contains(names))
        {
            Add($"'{path}' has the entries ({names}), expected {string.Join(" or ", known.Select(set => $"({set})"))}");
        }
    }

    /// <summary>Returns the names that the file lists or, for a file that lists none, those that an element-wise rule creates.</summary>
    private string[] KnownEntries(Tree state, Optimizer optimizer)
    {
        if (_entries.Length > 0 || !optimizer.HasElementwiseRule)
        {
            return _entries;
        }

        using Arena arena = Arena.Open();
        TreeDictionary initial = new();
        optimizer.CallInit(state.FlattenUnseen()[0].Value, initial);
        if (state.Child(TreeUpdate.MasterKey) is { } master)
        {
            initial[TreeUpdate.MasterKey] = master;
        }

        return [NamesOf(initial)];
    }
}
