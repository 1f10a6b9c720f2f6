namespace DotMlx;

public sealed partial class TreeDictionary
{
    // In the metadata of files whose paths are escaped: other files, such as Python's, may have backslashes that mean nothing.
    private const string SyntaxKey = "path_syntax";
    private const string Escaped = "escaped";

    /// <summary>
    /// Saves every array of the tree as a safetensors file whose names are the dotted paths, all of it or nothing: a file
    /// that exists stays as it was until the new one is complete. Python reads it with
    /// <c>tree_unflatten(list(mx.load(path).items()))</c>. Keys that dotted paths do not tell (empty ones, those that hold a dot, and
    /// dictionaries whose keys are all list indices) are written with backslashes, which <see cref="Load"/> reads.
    /// </summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="metadata">Texts to keep with the arrays.</param>
    /// <exception cref="ArgumentException">An array or a key cannot be saved.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (List<KeyValuePair<string, MlxArray>> items, metadata) = ToItems(metadata);
        Evaluation.Eval(items.Select(item => item.Value).ToArray());
        Mx.SaveSafetensors(path, items, metadata);
    }

    /// <summary>As <see cref="Save"/>, on a thread of the pool, the arrays as they are now: training may go on meanwhile.</summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="metadata">Texts to keep with the arrays.</param>
    /// <param name="progress">Is told how far the saving has come, on the thread that saves.</param>
    /// <param name="cancellationToken">Ends the saving; a file that was there stays as it was.</param>
    /// <exception cref="ArgumentException">An array or a key cannot be saved.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The saving was canceled.</exception>
    public Task SaveAsync(
        string path, IReadOnlyDictionary<string, string>? metadata = null, IProgress<FileProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (List<KeyValuePair<string, MlxArray>> items, metadata) = ToItems(metadata);
        return Mx.SaveSafetensorsAsync(path, items, metadata, progress, cancellationToken);
    }

    /// <summary>
    /// Loads a safetensors file whose names are dotted paths, as <see cref="Save"/> and Python write it.
    /// In a file of Python's, nodes whose keys are all list indices become lists, see <see cref="Tree.Unflatten"/>; the tree itself is
    /// always a dictionary.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is broken, its names are no paths of one tree, or it holds 8-bit floating-point numbers, which MLX would take for bytes.
    /// </exception>
    public static TreeDictionary Load(string path) => FromFile(Mx.LoadSafetensors(path));

    /// <summary>As <see cref="Load"/>, on a thread of the pool.</summary>
    /// <param name="path">The file.</param>
    /// <param name="progress">Is told how far the loading has come, on the thread that loads.</param>
    /// <param name="cancellationToken">Ends the loading; nothing is left of it.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">As of <see cref="Load"/>.</exception>
    /// <exception cref="OperationCanceledException">The loading was canceled.</exception>
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

    /// <summary>As <see cref="Tree.Unflatten"/>, also of names that the metadata of their file calls escaped.</summary>
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
