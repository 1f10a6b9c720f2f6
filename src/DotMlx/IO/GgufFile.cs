namespace DotMlx;

/// <summary>What a GGUF file held. A quantized array comes with <c>.scales</c> and <c>.biases</c> beside its weight.</summary>
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
