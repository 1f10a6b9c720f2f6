namespace DotMlx;

public sealed partial class TreeDictionary
{
    /// <summary>
    /// Saves every array of the tree as a safetensors file whose names are the dotted paths, all of it or nothing: a file
    /// that exists stays as it was until the new one is complete. Python reads it with
    /// <c>tree_unflatten(list(mx.load(path).items()))</c>.
    /// </summary>
    /// <param name="path">The file; <c>.safetensors</c> is added when it is missing.</param>
    /// <param name="metadata">Texts to keep with the arrays.</param>
    /// <exception cref="ArgumentException">
    /// A key is empty or holds a dot, so that it would not come back as it is; two arrays have the same path; or an array cannot be saved.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckKeys("", this);
        List<KeyValuePair<string, MlxArray>> items = FlattenUnseen();
        Evaluation.Eval(items.Select(item => item.Value).ToArray());
        Mx.SaveSafetensors(path, items, metadata);
    }

    /// <summary>
    /// Loads a safetensors file whose names are dotted paths, as <see cref="Save"/> and Python write it.
    /// Nodes whose keys are all numbers become lists, see <see cref="Tree.Unflatten"/>; the tree itself is always a dictionary.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken.</exception>
    public static TreeDictionary Load(string path) => FromItems(Mx.LoadSafetensors(path));

    internal static TreeDictionary FromItems(IEnumerable<KeyValuePair<string, MlxArray>> items)
    {
        Tree tree = Unflatten(items);
        switch (tree)
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
            default:
                return new TreeDictionary { [""] = tree };
        }
    }

    private static void CheckKeys(string path, Tree tree)
    {
        switch (tree)
        {
            case TreeDictionary dictionary:
                for (int i = 0; i < dictionary.Count; i++)
                {
                    (string key, Tree value) = dictionary.EntryAt(i);
                    if (key.Length == 0 || key.Contains('.', StringComparison.Ordinal))
                    {
                        throw new ArgumentException(
                            $"{TreePaths.Quote(path)} has the key '{key}': a file's names are dotted paths, so a key must not be empty or hold a dot.");
                    }

                    CheckKeys(TreePaths.Join(path, key), value);
                }

                break;
            case TreeList list:
                for (int i = 0; i < list.Count; i++)
                {
                    CheckKeys(TreePaths.Join(path, i), list.ItemAt(i));
                }

                break;
        }
    }
}
