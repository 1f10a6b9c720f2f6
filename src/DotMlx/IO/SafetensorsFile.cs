namespace DotMlx;

/// <summary>What a safetensors file held.</summary>
public sealed class SafetensorsFile : ArrayFile
{
    internal SafetensorsFile(string name, OrderedDictionary<string, MlxArray> arrays, IReadOnlyDictionary<string, string> metadata)
        : base(name, arrays) => Metadata = metadata;

    /// <summary>The texts of the file's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }
}
