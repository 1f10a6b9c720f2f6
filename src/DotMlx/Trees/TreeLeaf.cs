namespace DotMlx;

/// <summary>A tree that is one array. Immutable: to change a value, put another leaf into its container.</summary>
public sealed class TreeLeaf : Tree
{
    private readonly MlxArray _array;

    // True while nobody but the library has seen this leaf: then its array may be replaced and freed in place.
    private bool _private;

    /// <summary>Makes a leaf of <paramref name="array"/>, which it shares.</summary>
    /// <exception cref="ArgumentNullException">The array is null.</exception>
    public TreeLeaf(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        _array = array;
    }

    /// <inheritdoc/>
    public override MlxArray Array
    {
        get
        {
            _private = false;
            return _array;
        }
    }

    /// <inheritdoc/>
    public override int LeafCount => 1;

    /// <summary>Allows the pattern <c>case TreeLeaf(var array)</c>.</summary>
    public void Deconstruct(out MlxArray array) => array = Array;

    /// <inheritdoc/>
    public override Tree Copy()
    {
        _private = false;
        return this;
    }

    /// <summary>A leaf that belongs to the library until somebody reads it.</summary>
    internal static TreeLeaf Private(MlxArray array) => new(array) { _private = true };

    /// <summary>Whether nobody outside the library can hold this leaf or its array.</summary>
    internal bool IsPrivate => _private;

    /// <summary>The array, for a look that nobody outside the library shares.</summary>
    internal MlxArray Peek => _array;

    internal override bool IsEmptyContainer => false;

    internal override string Description => "an array (" + TreePaths.Describe(_array) + ")";

    internal override void CollectLeaves(List<MlxArray> leaves, bool shown) => leaves.Add(shown ? Array : _array);

    internal override void CollectPrivate(List<MlxArray> arrays)
    {
        if (_private)
        {
            arrays.Add(_array);
        }
    }

    internal override void Reclaim() => _private = true;

    internal override Tree? Child(string part) => null;
}
