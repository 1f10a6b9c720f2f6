namespace DotMlx;

/// <summary>A place in a walk through a tree, whose text is made only when somebody asks for it.</summary>
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

    /// <summary>The place of the container that this is a place in; the root has none.</summary>
    public TreePath? Parent { get; }

    /// <summary>Which child of the container this is.</summary>
    public int Index { get; set; }

    /// <summary>The path as the subject of a sentence.</summary>
    public string Quoted => Text is { } text ? $"'{text}'" : "the tree";

    /// <summary>The places of the children of the container that is here, by turns.</summary>
    public TreePath In(Tree container) => new(this, container);

    public override string ToString() => Text ?? "";

    private string? Text => Parent is null ? null : TreePaths.Below(Parent.Text, _container!.NameAt(Index));
}
