namespace DotMlx;

/// <summary>An element type of GGUF.</summary>
/// <param name="Name">The format's name.</param>
/// <param name="PerBlock">The number of elements per block.</param>
/// <param name="BlockLength">The number of bytes per block.</param>
/// <param name="DType">The type in memory, if the elements are stored as in memory.</param>
/// <param name="Quantization">Converts blocks to MLX's packed weights.</param>
/// <param name="Float16">Converts blocks to float16.</param>
internal sealed record GgufType(
    string Name, int PerBlock, int BlockLength, DType? DType = null, GgufQuantization? Quantization = null, BlockCoding? Float16 = null)
{
    private static readonly Dictionary<uint, GgufType> All = new()
    {
        [0] = new("F32", 1, 4, DotMlx.DType.Float32),
        [1] = new("F16", 1, 2, DotMlx.DType.Float16),
        [2] = new("Q4_0", 32, 18, Quantization: GgufQuantization.Q4_0),
        [3] = new("Q4_1", 32, 20, Quantization: GgufQuantization.Q4_1),
        [6] = new("Q5_0", 32, 22),
        [7] = new("Q5_1", 32, 24),
        [8] = new("Q8_0", 32, 34, Quantization: GgufQuantization.Q8_0),
        [9] = new("Q8_1", 32, 36),
        [10] = new("Q2_K", 256, 84, Float16: GgufSuperblock.Q2),
        [11] = new("Q3_K", 256, 110),
        [12] = new("Q4_K", 256, 144, Float16: GgufSuperblock.Q4),
        [13] = new("Q5_K", 256, 176),
        [14] = new("Q6_K", 256, 210, Float16: GgufSuperblock.Q6),
        [15] = new("Q8_K", 256, 292),
        [16] = new("IQ2_XXS", 256, 66),
        [17] = new("IQ2_XS", 256, 74),
        [18] = new("IQ3_XXS", 256, 98),
        [19] = new("IQ1_S", 256, 50),
        [20] = new("IQ4_NL", 32, 18),
        [21] = new("IQ3_S", 256, 110),
        [22] = new("IQ2_S", 256, 82),
        [23] = new("IQ4_XS", 256, 136),
        [24] = new("I8", 1, 1, DotMlx.DType.Int8),
        [25] = new("I16", 1, 2, DotMlx.DType.Int16),
        [26] = new("I32", 1, 4, DotMlx.DType.Int32),
        [27] = new("I64", 1, 8, DotMlx.DType.Int64),
        [28] = new("F64", 1, 8, DotMlx.DType.Float64),
        [29] = new("IQ1_M", 256, 56),
        [30] = new("BF16", 1, 2, DotMlx.DType.BFloat16),
        [34] = new("TQ1_0", 256, 54),
        [35] = new("TQ2_0", 256, 66),
        [39] = new("MXFP4", 32, 17),
    };

    /// <summary>The names of the types that can be loaded.</summary>
    internal static string Names => string.Join(", ", All.Values.Where(type => type.IsLoadable).Select(type => type.Name));

    internal bool IsLoadable => DType is not null || Quantization is not null || Float16 is not null;

    /// <summary>The type with the given id in a file, or null.</summary>
    internal static GgufType? Of(uint number) => All.GetValueOrDefault(number);

    /// <summary>The id in a file for a type that MLX saves, or null.</summary>
    internal static uint? NumberOf(DType dtype) => dtype switch
    {
        DotMlx.DType.Float32 => 0,
        DotMlx.DType.Float16 => 1,
        DotMlx.DType.Int8 => 24,
        DotMlx.DType.Int16 => 25,
        DotMlx.DType.Int32 => 26,
        _ => null,
    };
}
