namespace DotMlx;

/// <summary>What a safetensors file held.</summary>
public sealed class SafetensorsFile : ArrayFile
{
    internal SafetensorsFile(
        string name, OrderedDictionary<string, MlxArray> arrays, IReadOnlyDictionary<string, string> metadata,
        IReadOnlyDictionary<string, string> float8Types)
        : base(name, arrays)
    {
        Metadata = metadata;
        Float8Types = float8Types;
    }

    /// <summary>The texts of the file's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// The arrays of 8-bit floating-point numbers and the format's names of their types, such as <c>F8_E4M3</c>. MLX has no such element
    /// type: these arrays hold the bytes as <see cref="DType.UInt8"/>. <see cref="Mx.FromFp8"/> converts them to numbers.
    /// </summary>
    public IReadOnlyDictionary<string, string> Float8Types { get; }
}
