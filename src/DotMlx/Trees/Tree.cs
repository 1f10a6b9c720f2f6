using System.Diagnostics.CodeAnalysis;

namespace DotMlx;

/// <summary>
/// A nested structure of arrays: parameters, gradients, and optimizer states are trees. A tree is a <see cref="TreeLeaf"/> (one <see
/// cref="MlxArray"/>), a <see cref="TreeList"/>, or a <see cref="TreeDictionary"/>.
/// </summary>
/// <remarks>
/// Containers are mutable and keep insertion order. Leaves are immutable, so adding a leaf of one tree to another tree doesn't connect the
/// trees. The functions of Python's <c>mlx.utils</c> are static members: <see cref="Map(Func{MlxArray, MlxArray}, Tree)"/>, <see
/// cref="Flatten"/>, <see cref="Unflatten"/>, <see cref="Reduce{TResult}"/>, and <see cref="Merge"/>. A tree doesn't own its arrays; a
/// caller that owns them can use <see cref="DisposeArrays"/>.
/// </remarks>
[TypeFormatterSource(typeof(NotebookFormatterSource))]
public abstract partial class Tree
{
    // The place from which the program last read this node; weak references, because only error messages need it.
    private WeakReference<Tree>? _self;
    private WeakReference<Tree>? _parent;
    private string? _key;
    private int _index;

    private protected Tree()
    {
    }

    /// <summary>Creates a leaf from an array.</summary>
    /// <exception cref="ArgumentNullException">The array is null.</exception>
    public static implicit operator Tree(MlxArray array) => new TreeLeaf(array);

    /// <summary>Gets the array of a leaf, like <see cref="Array"/>.</summary>
    /// <exception cref="InvalidOperationException">The node is a list or a dictionary; the message names its path.</exception>
    public static explicit operator MlxArray(Tree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return tree.Array;
    }

    /// <summary>The array of a leaf.</summary>
    /// <exception cref="InvalidOperationException">The node is a list or a dictionary; the message names its path.</exception>
    public virtual MlxArray Array =>
        throw new InvalidOperationException($"{Where} is {Description}, not an array.");

    /// <summary>The child of a dictionary under <paramref name="key"/>.</summary>
    /// <exception cref="KeyNotFoundException">The key doesn't exist; the message names the path and the existing keys.</exception>
    /// <exception cref="InvalidOperationException">The node isn't a dictionary.</exception>
    public virtual Tree this[string key]
    {
        get => throw NotA("dictionary", $"[\"{key}\"]");
        set => throw NotA("dictionary", $"[\"{key}\"]");
    }

    /// <summary>The child of a list at <paramref name="index"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The element doesn't exist; the message names the path and the length.</exception>
    /// <exception cref="InvalidOperationException">The node isn't a list.</exception>
    public virtual Tree this[int index]
    {
        get => throw NotA("list", $"[{index}]");
        set => throw NotA("list", $"[{index}]");
    }

    /// <summary>Every array of the tree, in the order of <see cref="Flatten"/>.</summary>
    public IEnumerable<MlxArray> Leaves
    {
        get
        {
            List<MlxArray> leaves = [];
            CollectLeaves(leaves, shown: true);
            return leaves;
        }
    }

    /// <summary>The number of arrays in the tree.</summary>
    public virtual int LeafCount
    {
        get
        {
            using TreeHold hold = Hold();
            int count = 0;
            using Nesting level = Nesting.Enter();
            for (int i = 0; i < ChildCount; i++)
            {
                count += ChildAt(i).LeafCount;
            }

            return count;
        }
    }

    /// <summary>Copies all containers; the arrays are shared.</summary>
    public virtual Tree Copy()
    {
        using TreeHold hold = Hold();
        Tree copy = NewLike();
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < ChildCount; i++)
        {
            copy.AddLike(this, i, ChildAt(i).Copy());
        }

        return copy;
    }

    /// <summary>Disposes every array of the tree. No other code may use these arrays afterward.</summary>
    public void DisposeArrays()
    {
        foreach (MlxArray leaf in Leaves)
        {
            leaf.Dispose();
        }
    }

    /// <summary>Returns the node at a dotted path such as <c>layers.0.weight</c>. The empty path is the node itself.</summary>
    /// <exception cref="KeyNotFoundException">Nothing exists at this path; the message names the part that exists.</exception>
    public Tree Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string walked = "";
        Tree last = this;
        return path.Length == 0 ? this : Follow(path, null, ref last, ref walked)
            ?? throw new KeyNotFoundException($"There is no '{path}' in the tree: {TreePaths.Quote(walked)} is {last.Description}.");
    }

    /// <summary>Looks up a dotted path such as <c>layers.0.weight</c>.</summary>
    public bool TryFind(string path, [NotNullWhen(true)] out Tree? node)
    {
        ArgumentNullException.ThrowIfNull(path);
        string walked = "";
        Tree last = this;
        node = path.Length == 0 ? this : Follow(path, null, ref last, ref walked);
        return node is not null;
    }

    // A key may contain dots, so longer names are tried if the shortest one leads nowhere.
    private Tree? Follow(string path, string? here, ref Tree last, ref string walked)
    {
        using Nesting level = Nesting.Enter();
        foreach ((string name, string? rest) in TreePaths.Heads(path))
        {
            if (Child(name) is not { } child)
            {
                continue;
            }

            string there = TreePaths.Below(here, name);
            ReadAs(child, name, 0);
            if (rest is null)
            {
                return child;
            }

            if (there.Length > walked.Length)
            {
                (last, walked) = (child, there);
            }

            if (child.Follow(rest, there, ref last, ref walked) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Returns an indented outline of the tree: one line per node, with the dtype and shape of every array.</summary>
    public override string ToString() => TreeText.Of(this);

    /// <summary>
    /// Lists the arrays. <paramref name="shown"/> tells whether the program sees them, after which they are no longer private.
    /// </summary>
    internal virtual void CollectLeaves(List<MlxArray> leaves, bool shown)
    {
        using TreeHold hold = Hold();
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < ChildCount; i++)
        {
            ChildAt(i).CollectLeaves(leaves, shown);
        }
    }

    /// <summary>Lists arrays whose evaluation evaluates every leaf. An array that leaves share may be listed more than once.</summary>
    /// <param name="arrays">Receives the arrays.</param>
    /// <param name="gates">
    /// Receives the gates that keep the arrays alive if they belong to an optimizer's state; <see cref="StateGate.EndRead"/> releases them.
    /// </param>
    internal virtual void CollectToEvaluate(List<MlxArray> arrays, List<StateGate> gates)
    {
        using Nesting level = Nesting.Enter();
        using TreeHold hold = Hold();
        if (Owner?.Gate is { } gate && !gates.Contains(gate))
        {
            gate.BeginRead();
            gates.Add(gate);
        }

        for (int i = 0; i < ChildCount; i++)
        {
            ChildAt(i).CollectToEvaluate(arrays, gates);
        }
    }

    /// <summary>Lists the arrays of the leaves that the program hasn't seen.</summary>
    internal virtual void CollectPrivate(List<MlxArray> arrays)
    {
        using TreeHold hold = Hold();
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < ChildCount; i++)
        {
            ChildAt(i).CollectPrivate(arrays);
        }
    }

    /// <summary>Marks every leaf as private, for a tree that the library has just created and hasn't shown to the program.</summary>
    internal virtual void Reclaim()
    {
        using Nesting level = Nesting.Enter();
        for (int i = 0; i < ChildCount; i++)
        {
            ChildAt(i).Reclaim();
        }
    }

    internal bool IsEmptyContainer => this is not TreeLeaf && ChildCount == 0;

    /// <summary>A description of the node, as part of a sentence.</summary>
    internal abstract string Description { get; }

    /// <summary>The location of the node, as the subject of a sentence.</summary>
    private protected string Where
    {
        get
        {
            string path = LastPath;
            return path.Length == 0 ? "The tree" : $"'{path}'";
        }
    }

    private string LastPath
    {
        get
        {
            using Nesting level = Nesting.Enter();
            if (_parent is null || !_parent.TryGetTarget(out Tree? parent))
            {
                return "";
            }

            return TreePaths.Join(parent.LastPath, _key ?? TreePaths.Index(_index));
        }
    }

    /// <summary>Records that the program has read a child, and the place from which it was read.</summary>
    private protected Tree ReadAs(Tree child, string? key, int index)
    {
        if (child is TreeLeaf { IsPrivate: true } leaf)
        {
            using TreeHold hold = Hold();
            leaf.Copy();
        }

        // The path of a container that contains itself would never end.
        if (!ReferenceEquals(child, this))
        {
            child._parent = _self ??= new WeakReference<Tree>(this);
            child._key = key;
            child._index = index;
        }

        return child;
    }

    private InvalidOperationException NotA(string kind, string access) =>
        new($"{Where} is {Description}, not a {kind}, so it has no {access}.");
}
