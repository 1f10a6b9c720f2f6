namespace DotMlx;

/// <summary>The contents of a safetensors file.</summary>
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

    /// <summary>The strings of the file's <c>__metadata__</c>; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>
    /// The arrays of 8-bit floating-point numbers and the format's names of their types, such as <c>F8_E4M3</c>. MLX has no such element
    /// type: these arrays hold the bytes as <see cref="DType.UInt8"/>. <see cref="Mx.FromFp8"/> converts them to numbers.
    /// </summary>
    public IReadOnlyDictionary<string, string> Float8Types { get; }

    /// <summary>Rejects 8-bit floating-point numbers if their bytes would be treated as numbers, and disposes the arrays.</summary>
    /// <param name="kind">The kind of content that the caller expects.</param>
    /// <param name="next">The advice for using the converted arrays.</param>
    /// <returns>This file.</returns>
    /// <exception cref="InvalidDataException">The file contains such arrays.</exception>
    internal SafetensorsFile WithoutFloat8(string kind, string next)
    {
        foreach ((string array, string type) in Float8Types)
        {
            Dispose();
            throw new InvalidDataException(
                $"'{Name}' cannot be loaded as {kind}: array '{array}' is {type}, for which MLX has no element type. "
                + $"Load the file with Mx.LoadSafetensors, convert such arrays with Mx.FromFp8, and {next}.");
        }

        return this;
    }
}
