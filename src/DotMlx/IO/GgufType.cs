namespace DotMlx;

/// <summary>The element types of GGUF that MLX loads, by their numbers in the file.</summary>
internal static class GgufType
{
    private static readonly Dictionary<uint, (string Name, int PerBlock, int BlockBytes)> Known = new()
    {
        [0] = ("F32", 1, 4),
        [1] = ("F16", 1, 2),
        [2] = ("Q4_0", 32, 18),
        [3] = ("Q4_1", 32, 20),
        [8] = ("Q8_0", 32, 34),
        [10] = ("Q2_K", 256, 84),
        [12] = ("Q4_K", 256, 144),
        [14] = ("Q6_K", 256, 210),
        [24] = ("I8", 1, 1),
        [25] = ("I16", 1, 2),
        [26] = ("I32", 1, 4),
        [30] = ("BF16", 1, 2),
    };

    internal static string Names => string.Join(", ", Known.Values.Select(type => type.Name));

    /// <summary>Whether MLX keeps the blocks as quantized weights with scales and biases.</summary>
    internal static bool IsQuantized(uint type) => type is 2 or 3 or 8;

    internal static bool TryGet(uint type, out int perBlock, out int blockBytes)
    {
        bool known = Known.TryGetValue(type, out (string Name, int PerBlock, int BlockBytes) facts);
        (_, perBlock, blockBytes) = facts;
        return known;
    }
}
