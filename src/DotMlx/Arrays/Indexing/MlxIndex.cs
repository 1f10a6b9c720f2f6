using System.Globalization;

namespace DotMlx;

/// <summary>
/// One entry of an index <c>a[…]</c>: a position (<c>2</c>, <c>-1</c>, <c>^1</c>), a range (<c>1..3</c>), a <see cref="Slice"/>, an array
/// or list of positions, a boolean mask (for writing), <see cref="Mx.NewAxis"/>, or <see cref="Mx.Ellipsis"/>.
/// </summary>
public readonly struct MlxIndex
{
    internal enum EntryKind : byte
    {
        All,
        Position,
        Slice,
        Array,
        List,
        Mask,
        NewAxis,
        Ellipsis,
    }

    private readonly object? _reference;

    private MlxIndex(EntryKind kind, Slice slice = default, object? reference = null)
    {
        Kind = kind;
        Slice = slice;
        _reference = reference;
    }

    internal EntryKind Kind { get; }

    internal Slice Slice { get; }

    internal MlxArray Array => (MlxArray)_reference!;

    internal int[] List => (int[])_reference!;

    internal bool[] Mask => (bool[])_reference!;

    /// <summary>The position; a negative position counts from the end.</summary>
    internal int Position => Slice.Start!.Value;

    /// <summary>Every position of the axis: Python's <c>:</c>.</summary>
    public static MlxIndex All => default;

    internal static MlxIndex NewAxis => new(EntryKind.NewAxis);

    internal static MlxIndex Ellipsis => new(EntryKind.Ellipsis);

    /// <summary>A position; a negative position counts from the end.</summary>
    public static implicit operator MlxIndex(int position) => new(EntryKind.Position, new Slice(position));

    /// <summary>A position; <c>^</c> counts from the end.</summary>
    public static implicit operator MlxIndex(Index position) => new(
        EntryKind.Position,
        !position.IsFromEnd ? new Slice(position.Value)
        : position.Value > 0 ? new Slice(-position.Value)
        : throw new ArgumentOutOfRangeException(nameof(position), position, "^0 is past the last position; ^1 is the last one."));

    /// <summary>A range of positions, which is clipped to the axis, like Python's slices.</summary>
    public static implicit operator MlxIndex(Range range) => new(EntryKind.Slice, range);

    /// <summary>Python's <c>start:stop:step</c>.</summary>
    public static implicit operator MlxIndex(Slice slice) => new(EntryKind.Slice, slice);

    /// <summary>Positions in an integer array of any shape, whose dimensions replace the axis, or a boolean mask for writing.</summary>
    public static implicit operator MlxIndex(MlxArray positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        return new MlxIndex(EntryKind.Array, reference: positions);
    }

    /// <summary>A list of positions.</summary>
    public static implicit operator MlxIndex(int[] positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        return new MlxIndex(EntryKind.List, reference: positions);
    }

    /// <summary>A list of positions.</summary>
    public static implicit operator MlxIndex(List<int> positions)
    {
        ArgumentNullException.ThrowIfNull(positions);
        return new MlxIndex(EntryKind.List, reference: positions.ToArray());
    }

    /// <summary>A mask over the whole array, for writing all or nothing.</summary>
    public static implicit operator MlxIndex(bool mask) => new(EntryKind.Array, reference: (MlxArray)mask);

    /// <summary>A mask over the first axis, for writing.</summary>
    public static implicit operator MlxIndex(bool[] mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return new MlxIndex(EntryKind.Mask, reference: mask);
    }

    /// <summary>The entry in Python's syntax.</summary>
    public override string ToString() => Kind switch
    {
        EntryKind.All => ":",
        EntryKind.Position => Position.ToString(CultureInfo.InvariantCulture),
        EntryKind.Slice => $"{Slice.Start}:{Slice.Stop}" + (Slice.Step is { } step ? $":{step}" : ""),
        EntryKind.Array => Array.IsDisposed ? "disposed array" : $"{Array.DType.MlxName()} array {ShapeText.Of(Array)}",
        EntryKind.List => $"[{string.Join(", ", List)}]",
        EntryKind.Mask => $"bool[{Mask.Length}]",
        EntryKind.NewAxis => "None",
        _ => "...",
    };
}
