namespace DotMlx;

/// <summary>A location in a walk through a tree, whose text is created only on demand.</summary>
internal sealed class TreePath
{
    private readonly Tree? _container;

    /// <summary>The root.</summary>
    public TreePath()
    {
    }

    private TreePath(TreePath parent, Tree container)
    {
        Parent = parent;
        _container = container;
    }

    /// <summary>The location of the container that contains this one; null for the root.</summary>
    public TreePath? Parent { get; }

    /// <summary>The index of this child in the container.</summary>
    public int Index { get; set; }

    /// <summary>The path as the subject of a sentence.</summary>
    public string Quoted => Text is { } text ? $"'{text}'" : "the tree";

    /// <summary>The locations of the children of this container, one after another.</summary>
    public TreePath In(Tree container) => new(this, container);

    public override string ToString() => Text ?? "";

    private string? Text => Parent is null ? null : TreePaths.Below(Parent.Text, _container!.NameAt(Index));
}
