namespace DotMlx;

/// <summary>The element types of GGUF by their numbers in the file.</summary>
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

    private static readonly Dictionary<uint, (string Name, int PerBlock, int BlockBytes)> Others = new()
    {
        [6] = ("Q5_0", 32, 22),
        [7] = ("Q5_1", 32, 24),
        [9] = ("Q8_1", 32, 36),
        [11] = ("Q3_K", 256, 110),
        [13] = ("Q5_K", 256, 176),
        [15] = ("Q8_K", 256, 292),
        [16] = ("IQ2_XXS", 256, 66),
        [17] = ("IQ2_XS", 256, 74),
        [18] = ("IQ3_XXS", 256, 98),
        [19] = ("IQ1_S", 256, 50),
        [20] = ("IQ4_NL", 32, 18),
        [21] = ("IQ3_S", 256, 110),
        [22] = ("IQ2_S", 256, 82),
        [23] = ("IQ4_XS", 256, 136),
        [27] = ("I64", 1, 8),
        [28] = ("F64", 1, 8),
        [29] = ("IQ1_M", 256, 56),
        [34] = ("TQ1_0", 256, 54),
        [35] = ("TQ2_0", 256, 66),
        [39] = ("MXFP4", 32, 17),
    };

    internal static string Names => string.Join(", ", Known.Values.Select(type => type.Name));

    /// <summary>Whether MLX keeps the blocks as quantized weights with scales and biases.</summary>
    internal static bool IsQuantized(uint type) => type is 2 or 3 or 8;

    /// <summary>The format's name of any known type, and whether MLX loads it.</summary>
    internal static (string Name, bool Loadable) Describe(uint type) =>
        Known.TryGetValue(type, out (string Name, int PerBlock, int BlockBytes) facts) ? (facts.Name, true)
        : Others.TryGetValue(type, out facts) ? (facts.Name, false)
        : ($"type {type}", false);

    /// <summary>The blocks of a type that MLX does not load.</summary>
    internal static bool TryGetOther(uint type, out int perBlock, out int blockBytes)
    {
        bool known = Others.TryGetValue(type, out (string Name, int PerBlock, int BlockBytes) facts);
        (_, perBlock, blockBytes) = facts;
        return known;
    }

    /// <summary>The blocks of a type that MLX loads.</summary>
    internal static bool TryGet(uint type, out int perBlock, out int blockBytes)
    {
        bool known = Known.TryGetValue(type, out (string Name, int PerBlock, int BlockBytes) facts);
        (_, perBlock, blockBytes) = facts;
        return known;
    }
}
