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

    /// <summary>Refuses 8-bit floating-point numbers where bytes would be taken for numbers; the arrays are disposed then.</summary>
    /// <param name="kind">What the file was to be loaded as.</param>
    /// <param name="next">What to do with the arrays once they are converted.</param>
    /// <returns>This file.</returns>
    /// <exception cref="InvalidDataException">There are such arrays.</exception>
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
