namespace DotMlx;

/// <summary>A location in the traversal of a tree, whose text is created only on demand.</summary>
internal sealed class TreePath
{
    private readonly Tree? _container;

    /// <summary>Creates the location of the root.</summary>
    public TreePath()
    {
    }

    private TreePath(TreePath parent, Tree container)
    {
        Parent = parent;
        _container = container;
    }

    /// <summary>The location of the container that contains this node; null for the root.</summary>
    public TreePath? Parent { get; }

    /// <summary>The index of this child in the container.</summary>
    public int Index { get; set; }

    /// <summary>The path as the subject of a sentence.</summary>
    public string Quoted => Text is { } text ? $"'{text}'" : "the tree";

    /// <summary>Creates a location for the children of this container, which <see cref="Index"/> selects.</summary>
    public TreePath In(Tree container) => new(this, container);

    public override string ToString() => Text ?? "";

    private string? Text
    {
        get
        {
            using Nesting level = Nesting.Enter();
            return Parent is null ? null : TreePaths.Below(Parent.Text, _container!.NameAt(Index));
        }
    }
}
