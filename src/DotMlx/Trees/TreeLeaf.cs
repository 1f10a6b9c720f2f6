namespace DotMlx;

/// <summary>A tree that consists of one array. A leaf is immutable; to change a value, put another leaf into its container.</summary>
public sealed class TreeLeaf : Tree
{
    private const int Neighbors = 4;

    private readonly LeafView? _view;

    // Null while the leaf is still a part of the view's array.
    private MlxArray? _array;

    // True while only the library has seen this leaf, so that its array may be replaced and freed in place.
    private bool _private;

    /// <summary>Creates a leaf from <paramref name="array"/>, which it shares.</summary>
    /// <exception cref="ArgumentNullException">The array is null.</exception>
    public TreeLeaf(MlxArray array)
    {
        ArgumentNullException.ThrowIfNull(array);
        _array = array;
    }

    private TreeLeaf(LeafView view) => _view = view;

    /// <inheritdoc/>
    public override MlxArray Array
    {
        get
        {
            _private = false;
            return Peek;
        }
    }

    /// <inheritdoc/>
    public override int LeafCount => 1;

    /// <summary>Allows the pattern <c>case TreeLeaf(var array)</c>.</summary>
    public void Deconstruct(out MlxArray array) => array = Array;

    /// <inheritdoc/>
    public override Tree Copy()
    {
        _ = Array;
        return this;
    }

    /// <summary>Creates a leaf that belongs to the library until the program reads it.</summary>
    internal static TreeLeaf Private(MlxArray array) => new(array) { _private = true };

    /// <summary>Creates a leaf of the library whose array is created on first use.</summary>
    internal static TreeLeaf Private(LeafView view) => new(view) { _private = true };

    /// <summary>The part from which this leaf was created, if any.</summary>
    internal LeafView? View => _view;

    /// <summary>Whether there is no array yet, so that the leaf follows the array of which it is a part.</summary>
    internal bool IsView => _array is null;

    /// <summary>Whether the program can't hold this leaf or its array.</summary>
    internal bool IsPrivate => _private;

    /// <summary>The array, for internal reads that don't show it to the program.</summary>
    internal MlxArray Peek => _array ??= _view!.Make();

    internal override string Description => "an array (" + TreePaths.Describe(Peek) + ")";

    internal override void CollectLeaves(List<MlxArray> leaves, bool shown) => leaves.Add(shown ? Array : Peek);

    internal override void CollectToEvaluate(List<MlxArray> arrays, List<StateGate> gates)
    {
        if (_array is { } own)
        {
            arrays.Add(own);
            return;
        }

        // Neighboring leaves share an array per state entry, and the entries alternate, so only the last few arrays are compared.
        MlxArray whole = _view!.Whole;
        for (int i = arrays.Count - 1; i >= Math.Max(arrays.Count - Neighbors, 0); i--)
        {
            if (ReferenceEquals(arrays[i], whole))
            {
                return;
            }
        }

        arrays.Add(whole);
    }

    internal override void CollectPrivate(List<MlxArray> arrays)
    {
        if (_private && _array is { } own)
        {
            arrays.Add(own);
        }
    }

    internal override void Reclaim() => _private = true;

    internal override int ChildCount => 0;

    internal override Tree ChildAt(int index) => throw new ArgumentOutOfRangeException(nameof(index), index, "An array has no children.");

    internal override string NameAt(int index) => throw new ArgumentOutOfRangeException(nameof(index), index, "An array has no children.");

    internal override Tree? Child(string name) => null;

    internal override Tree? ChildLike(Tree node, int index) => null;

    internal override Tree NewLike() => this;

    internal override void AddLike(Tree node, int index, Tree child) => throw new InvalidOperationException("An array has no children.");
}
