namespace DotMlx;

/// <summary>An array as stored in a file: the position of its bytes, and how to decode them.</summary>
/// <param name="Name">The name under which it is loaded.</param>
/// <param name="DType">The element type in memory.</param>
/// <param name="Shape">The shape.</param>
/// <param name="Offset">The position of its bytes in the file.</param>
/// <param name="Coding">How to decode the bytes.</param>
/// <param name="FortranOrder">Whether the elements are in column-major order.</param>
internal sealed record StoredArray(string Name, DType DType, int[] Shape, long Offset, BlockCoding? Coding = null,
    bool FortranOrder = false)
{
    /// <summary>The bytes of the array in memory.</summary>
    internal long NBytes => Shape.Aggregate((long)DType.ItemSize(), (product, size) => product * size);

    /// <summary>The bytes of the elements, decoded when they are read.</summary>
    internal ByteSource Elements(ByteSource file) => CodingFor() is { } coding
        ? new DecodedSource(file, this, coding)
        : file;

    /// <summary>The position of the elements in <see cref="Elements"/>.</summary>
    internal long ElementsOffset => CodingFor() is null ? Offset : 0;

    // A byte of 2 also means true, but MLX compares bytes.
    private BlockCoding? CodingFor() => Coding ?? (DType == DType.Bool ? BlockCoding.Boolean : null);
}
