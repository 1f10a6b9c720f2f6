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

        Evaluation.Eval(items.Select(item => item.Value).ToArray());
        Mx.SaveSafetensors(path, items, metadata);
    }

    /// <summary>
    /// Loads a safetensors file whose names are dotted paths, as <see cref="Save"/> and Python write it.
    /// In a file of Python's, nodes whose keys are all list indices become lists, see <see cref="Tree.Unflatten"/>; the tree itself is
    /// always a dictionary.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public static TreeDictionary Load(string path) => FromFile(Mx.LoadSafetensors(path));

    internal static TreeDictionary FromFile(SafetensorsFile file) => file.Build(() => FromItems(file, file.Metadata));

    internal static TreeDictionary FromItems(
        IEnumerable<KeyValuePair<string, MlxArray>> items, IReadOnlyDictionary<string, string>? metadata = null)
    {
        bool escaped = metadata?.TryGetValue(SyntaxKey, out string? syntax) == true && syntax == Escaped;
        switch (escaped ? UnflattenEscaped(items) : Unflatten(items))
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
}
