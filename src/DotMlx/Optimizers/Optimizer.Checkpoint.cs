using System.Text;
using DotMlx.Bindings;

namespace DotMlx.Optimizers;

public abstract partial class Optimizer
{
    private const string KindKey = "optimizer";
    private const int ShownMismatches = 50;

    /// <summary>
    /// Saves the state as a safetensors file with dotted names, all of it or nothing; Python reads it with
    /// <c>optimizer.state = tree_unflatten(list(mx.load(path).items()))</c>.
    /// </summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <exception cref="ArgumentException">A key of the state is empty or holds a dot, or an array cannot be saved.</exception>
    /// <exception cref="IOException">The file cannot be written; a file that was there is as it was.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        State.Save(path, new Dictionary<string, string> { ["format"] = "mlx", [KindKey] = StateKind });
    }

    /// <summary>
    /// Restores a state that <see cref="Save"/> or Python has written; training then continues bit for bit. Everything is checked
    /// first: a file that does not fit leaves the optimizer as it was.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="parameters">
    /// The parameters that the optimizer is to train, usually <c>model.TrainableParameters()</c>, to check the file against.
    /// Without them it is checked against the state that the optimizer has, if it has one.
    /// </param>
    /// <param name="allowMissing">
    /// Accepts parameters that the file has nothing for, because they were frozen when it was written: they start anew.
    /// </param>
    /// <exception cref="OptimizerStateException">The file does not fit; the exception lists every mismatch by path.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public void Load(string path, Tree? parameters = null, bool allowMissing = false)
    {
        SafetensorsFile file = Mx.LoadSafetensors(path);
        TreeDictionary loaded = file.Build(() => TreeDictionary.FromItems(
            file.Select(item => KeyValuePair.Create(item.Key, Detach(item.Value))), file.Metadata));
        loaded.Reclaim();
        List<string> mismatches = [];
        if (file.Metadata.TryGetValue(KindKey, out string? kind) && kind != StateKind)
        {
            mismatches.Add($"the file holds the state of {kind}, not of {StateKind}");
        }

        CheckState("", loaded, parameters, allowMissing, mismatches);
        if (mismatches.Count > 0)
        {
            loaded.DisposeArrays();
            throw Mismatch(path, mismatches);
        }

        AdoptState(loaded);
    }

    /// <summary>What a file's state must have been saved from.</summary>
    internal virtual string StateKind => GetType().Name;

    /// <summary>Lists what in a loaded state does not fit this optimizer.</summary>
    internal virtual void CheckState(string prefix, Tree loaded, Tree? parameters, bool allowMissing, List<string> mismatches)
    {
        if (loaded is not TreeDictionary state)
        {
            mismatches.Add($"{TreePaths.Quote(prefix)} is {loaded.Description}, expected a dictionary");
            return;
        }

        TreeDictionary expected = new();
        if (parameters is null)
        {
            foreach ((string key, Tree value) in Parts(_state).Where(part => part.Value is not TreeLeaf))
            {
                expected.Add(key, value);
            }
        }
        else
        {
            expected = InitialState(CheckTop(parameters, nameof(parameters)));
        }

        // The optimizer's own entries: the step and whatever stands beside it as a scalar.
        foreach ((string key, Tree value) in Parts(_state).Where(part => part.Value is TreeLeaf && _entries.Contains(part.Key)))
        {
            CheckEntry(TreePaths.Join(prefix, key), ((TreeLeaf)value).Peek, state.Get(key), mismatches);
        }

        foreach ((string key, Tree value) in Parts(expected))
        {
            CheckNode(TreePaths.Join(prefix, key), value, state.Get(key), allowMissing, mismatches);
        }

        bool complete = parameters is not null || expected.Count > 0;
        foreach ((string key, Tree value) in Parts(state))
        {
            string path = TreePaths.Join(prefix, key);
            if (expected.Get(key) is not null || value is TreeLeaf)
            {
                continue;
            }

            if (complete)
            {
                Unexpected(path, value, mismatches);
            }
            else
            {
                CheckByKeys(path, value, mismatches);
            }
        }
    }

    /// <summary>Takes over a state that was checked; its arrays belong to this optimizer.</summary>
    internal virtual void AdoptState(Tree loaded)
    {
        _state.Assign((TreeDictionary)loaded, adopt: true);
        _initialized = false;
    }

    private static IEnumerable<KeyValuePair<string, Tree>> Parts(TreeDictionary dictionary)
    {
        for (int i = 0; i < dictionary.Count; i++)
        {
            yield return dictionary.EntryAt(i);
        }
    }

    private static OptimizerStateException Mismatch(string path, List<string> mismatches)
    {
        StringBuilder text = new($"'{path}' does not fit the optimizer, which is unchanged:");
        foreach (string mismatch in mismatches.Take(ShownMismatches))
        {
            text.Append("\n  ").Append(mismatch);
        }

        if (mismatches.Count > ShownMismatches)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n  … and {mismatches.Count - ShownMismatches} more");
        }

        return new OptimizerStateException(text.ToString(), mismatches);
    }

    /// <summary>An array of the file as one that no scope owns.</summary>
    private static unsafe MlxArray Detach(MlxArray array)
    {
        mlx_array copy = default;
        MlxError.ThrowIfFailed(Mlxc.mlx_array_set(&copy, array.Handle), "mlx_array_set");
        array.Dispose();
        return MlxArray.CreateUnscoped(copy);
    }

    /// <summary>The state that the parameters would have after an update, as far as shapes go; nothing of it is ever computed.</summary>
    private TreeDictionary InitialState(TreeDictionary parameters)
    {
        TreeDictionary state = new();
        try
        {
            Begin();
            Prepare(parameters, state);
            if (MasterWeights)
            {
                AddMasters(parameters, state);
            }
        }
        finally
        {
            End(parameters, parameters);
        }

        return state;
    }

    private void AddMasters(Tree parameters, Tree state)
    {
        switch (parameters)
        {
            case TreeDictionary dictionary:
                foreach ((string key, Tree value) in Parts(dictionary))
                {
                    AddMasters(value, state.Child(key)!);
                }

                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    AddMasters(list.ItemAt(i), ((TreeList)state).ItemAt(i));
                }

                break;
            case TreeLeaf { Peek: var array } when IsNarrow(array.DType):
                Write((TreeDictionary)state, MasterKey, _leaf.ZerosLike(array));
                break;
        }
    }

    private static void CheckEntry(string path, MlxArray expected, Tree? actual, List<string> mismatches)
    {
        switch (actual)
        {
            case null:
                mismatches.Add($"'{path}' is missing, expected {TreePaths.Describe(expected)}");
                break;
            case TreeLeaf { Peek: var array }:
                if (!array.Shape.SequenceEqual(expected.Shape) || array.DType.IsInteger() != expected.DType.IsInteger())
                {
                    mismatches.Add($"'{path}' is {TreePaths.Describe(array)}, expected {TreePaths.Describe(expected)}");
                }

                break;
            default:
                mismatches.Add($"'{path}' is {actual.Description}, expected {TreePaths.Describe(expected)}");
                break;
        }
    }

    private static void CheckNode(string path, Tree expected, Tree? actual, bool allowMissing, List<string> mismatches)
    {
        switch (expected)
        {
            case TreeLeaf { Peek: var array }:
                CheckEntry(path, array, actual, mismatches);
                break;
            case TreeList or TreeDictionary when actual is null or { LeafCount: 0 }:
                if (!allowMissing)
                {
                    foreach ((string leaf, MlxArray array) in expected.FlattenUnseen(path))
                    {
                        mismatches.Add($"'{leaf}' is missing, expected {TreePaths.Describe(array)}");
                    }
                }

                break;
            case TreeList or TreeDictionary when actual is TreeLeaf:
                mismatches.Add($"'{path}' is {actual.Description}, expected {expected.Description}");
                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    CheckNode(TreePaths.Join(path, i), list.ItemAt(i), actual.Child(TreePaths.Index(i)), allowMissing, mismatches);
                }

                ListUnexpected(path, expected, actual, mismatches);
                break;
            case TreeDictionary dictionary:
                foreach ((string key, Tree value) in Parts(dictionary))
                {
                    CheckNode(TreePaths.Join(path, key), value, actual.Child(key), allowMissing, mismatches);
                }

                ListUnexpected(path, expected, actual, mismatches);
                break;
        }
    }

    private static void ListUnexpected(string path, Tree expected, Tree actual, List<string> mismatches)
    {
        switch (actual)
        {
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    if (expected.Child(TreePaths.Index(i)) is null)
                    {
                        Unexpected(TreePaths.Join(path, i), list.ItemAt(i), mismatches);
                    }
                }

                break;
            case TreeDictionary dictionary:
                foreach ((string key, Tree value) in Parts(dictionary))
                {
                    if (expected.Child(key) is null)
                    {
                        Unexpected(TreePaths.Join(path, key), value, mismatches);
                    }
                }

                break;
        }
    }

    private static void Unexpected(string path, Tree node, List<string> mismatches)
    {
        foreach ((string leaf, MlxArray array) in node.FlattenUnseen(path))
        {
            mismatches.Add($"'{leaf}' is not expected, but there is {TreePaths.Describe(array)}");
        }
    }

    /// <summary>With no parameters to compare with, at least the entries of each parameter must be this optimizer's.</summary>
    private void CheckByKeys(string path, Tree node, List<string> mismatches)
    {
        if (node is TreeDictionary dictionary && Parts(dictionary).Any(part => part.Value is TreeLeaf))
        {
            string[] keys = [.. dictionary.FlattenUnseen().Select(item => item.Key).Where(key => !MasterWeights || key != MasterKey)];
            List<string[]> known = KnownEntries();
            if (known.Count > 0 && !known.Any(entries => entries.ToHashSet(StringComparer.Ordinal).SetEquals(keys)))
            {
                string expected = string.Join(" or ", known.Select(entries => "(" + string.Join(", ", entries) + ")"));
                mismatches.Add($"'{path}' has the entries ({string.Join(", ", keys)}), expected {expected}");
            }

            return;
        }

        switch (node)
        {
            case TreeDictionary inner:
                foreach ((string key, Tree value) in Parts(inner))
                {
                    CheckByKeys(TreePaths.Join(path, key), value, mismatches);
                }

                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    CheckByKeys(TreePaths.Join(path, i), list.ItemAt(i), mismatches);
                }

                break;
        }
    }

    /// <summary>The names of the entries that parameters of different ranks get.</summary>
    private List<string[]> KnownEntries()
    {
        List<string[]> known = [];
        for (int rank = 0; rank <= 4; rank++)
        {
            using MlxArray sample = Mx.Zeros(Enumerable.Repeat(2, rank).ToArray());
            string[] entries;
            try
            {
                TreeDictionary state = InitialState(new TreeDictionary { ["sample"] = sample });
                entries = [.. state.FlattenUnseen().Select(item => item.Key["sample.".Length..])];
                state.DisposeArrays();
            }
            catch (Exception error) when (error is MlxException or ArgumentException or IndexOutOfRangeException)
            {
                // A custom optimizer may not take arrays of this rank.
                continue;
            }

            if (!known.Any(other => other.SequenceEqual(entries)))
            {
                known.Add(entries);
            }
        }

        return known;
    }
}
