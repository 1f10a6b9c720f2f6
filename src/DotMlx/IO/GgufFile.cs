namespace DotMlx;

/// <summary>
/// The contents of a GGUF file. An array of type Q4_0, Q4_1, or Q8_0 is loaded as packed weights with <c>.scales</c> and <c>.biases</c>,
/// for <see cref="Mx.Dequantize"/>; Q2_K, Q4_K, and Q6_K are loaded as float16.
/// </summary>
public sealed class GgufFile : ArrayFile
{
    internal GgufFile(string name, OrderedDictionary<string, MlxArray> arrays, OrderedDictionary<string, GgufValue> metadata)
        : base(name, arrays) => Metadata = metadata;

    /// <summary>The metadata in the order of the file. Its arrays are disposed with the file.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (GgufValue value in Metadata.Values)
        {
            value.Array?.Dispose();
        }
    }
}
