namespace DotMlx;

/// <summary>A tree that is one array. Immutable: to change a value, put another leaf into its container.</summary>
public sealed class TreeLeaf : Tree
{
    private readonly MlxArray _array;

    /// <summary>Makes a leaf of <paramref name="array"/>, which it shares.</summary>
    /// <exception cref="ArgumentNullException">The array is null.</exception>
    public TreeLeaf(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        _array = array;
    }

    /// <inheritdoc/>
    public override MlxArray Array => _array;

    /// <inheritdoc/>
    public override int LeafCount => 1;

    /// <summary>Allows the pattern <c>case TreeLeaf(var array)</c>.</summary>
    public void Deconstruct(out MlxArray array) => array = _array;

    /// <inheritdoc/>
    public override Tree Copy() => this;

    internal override bool IsEmptyContainer => false;

    internal override string Description => "an array (" + TreePaths.Describe(_array) + ")";

    internal override void CollectLeaves(List<MlxArray> leaves) => leaves.Add(_array);

    internal override Tree? Child(string part) => null;
}
