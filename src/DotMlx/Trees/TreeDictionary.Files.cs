namespace DotMlx;

public sealed partial class TreeDictionary
{
    // A metadata entry of files with escaped paths. In other files, such as Python's, backslashes have no special meaning.
    private const string SyntaxKey = "path_syntax";
    private const string Escaped = "escaped";

    /// <summary>
    /// Saves every array of the tree to a safetensors file whose names are the dotted paths. The file is written atomically: an existing
    /// file is unchanged until the new one is complete. Python reads the file with <c>tree_unflatten(list(mx.load(path).items()))</c>. Keys
    /// that dotted paths can't express (empty keys, keys that contain a dot, and dictionaries whose keys are all list indices) are written
    /// with backslashes, which <see cref="Load"/> reads.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="metadata">Strings to save with the arrays.</param>
    /// <exception cref="ArgumentException">An array or a key can't be saved.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (List<KeyValuePair<string, MlxArray>> items, metadata) = ToItems(metadata);
        Evaluation.Eval(items.Select(item => item.Value).ToArray());
        Mx.SaveSafetensors(path, items, metadata);
    }

    /// <summary>
    /// Runs <see cref="Save"/> on a thread-pool thread with the current arrays, so training may continue in the meantime.
    /// </summary>
    /// <param name="path">The path of the file. The extension <c>.safetensors</c> is added if it is missing.</param>
    /// <param name="metadata">Strings to save with the arrays.</param>
    /// <param name="progress">Receives progress reports on the saving thread.</param>
    /// <param name="cancellationToken">Cancels saving. An existing file is unchanged.</param>
    /// <exception cref="ArgumentException">An array or a key can't be saved.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    /// <exception cref="OperationCanceledException">Saving was canceled.</exception>
    public Task SaveAsync(
        string path, IReadOnlyDictionary<string, string>? metadata = null, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (List<KeyValuePair<string, MlxArray>> items, metadata) = ToItems(metadata);
        return Mx.SaveSafetensorsAsync(path, items, metadata, progress, cancellationToken);
    }

    /// <summary>
    /// Loads a safetensors file whose names are dotted paths, as <see cref="Save"/> and Python write them. In a file from Python, nodes
    /// whose keys are all list indices become lists (see <see cref="Tree.Unflatten"/>), but the tree itself is always a dictionary.
    /// </summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is corrupt, its names aren't the paths of one tree, or it contains 8-bit floating-point numbers, which MLX would read as
    /// bytes.
    /// </exception>
    public static TreeDictionary Load(string path) => FromFile(Mx.LoadSafetensors(path));

    /// <summary>Runs <see cref="Load"/> on a thread-pool thread.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="progress">Receives progress reports on the loading thread.</param>
    /// <param name="cancellationToken">Cancels loading; the arrays loaded so far are freed.</param>
    /// <exception cref="FileNotFoundException">The file doesn't exist.</exception>
    /// <exception cref="InvalidDataException">See <see cref="Load"/>.</exception>
    /// <exception cref="OperationCanceledException">Loading was canceled.</exception>
    public static async Task<TreeDictionary> LoadAsync(
        string path, IProgress<FileProgress>? progress = null, CancellationToken cancellationToken = default) =>
        FromFile(await Mx.LoadSafetensorsAsync(path, progress, cancellationToken).ConfigureAwait(false));

    private static TreeDictionary FromFile(SafetensorsFile file) =>
        file.WithoutFloat8("a tree", "make a tree of all with Tree.Unflatten").Build(() => FromItems(file, file.Metadata));

    internal static TreeDictionary FromItems(
        IEnumerable<KeyValuePair<string, MlxArray>> items, IReadOnlyDictionary<string, string>? metadata = null)
    {
        switch (Unflatten(items, metadata))
        {
            case TreeDictionary dictionary:
                return dictionary;
            case TreeList list:
                TreeDictionary byIndex = new(list.Count);
                for (int i = 0; i < list.Count; i++)
                {
                    if (!list.ItemAt(i).IsEmptyContainer)
                    {
                        byIndex.Add(TreePaths.Index(i), list.ItemAt(i));
                    }
                }

                return byIndex;
            case var leaf:
                return new TreeDictionary { [""] = leaf };
        }
    }

    /// <summary>Like <see cref="Tree.Unflatten"/>, but also reads paths that the file's metadata marks as escaped.</summary>
    internal static Tree Unflatten(IEnumerable<KeyValuePair<string, MlxArray>> items, IReadOnlyDictionary<string, string>? metadata) =>
        metadata?.GetValueOrDefault(SyntaxKey) == Escaped ? UnflattenEscaped(items) : Unflatten(items);

    private (List<KeyValuePair<string, MlxArray>> Items, IReadOnlyDictionary<string, string>? Metadata) ToItems(
        IReadOnlyDictionary<string, string>? metadata)
    {
        List<KeyValuePair<string, MlxArray>> items = [];
        TreeDictionary tree = Owner is null ? this : Copy();
        if (EscapedPaths.AreNeeded(tree))
        {
            EscapedPaths.List(tree, "", items);
            metadata = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [SyntaxKey] = Escaped };
        }
        else
        {
            items = tree.FlattenUnseen();
        }

        return (items, metadata);
    }
}
