namespace DotMlx.Tool.Inspect;

/// <summary>An array as the header of its file describes it.</summary>
/// <param name="Name">The name; empty in an npy file.</param>
/// <param name="Type">MLX's name of the element type, or the format's name if MLX lacks the type or packs it.</param>
/// <param name="Shape">The sizes, in MLX's order.</param>
/// <param name="Bytes">The size of the data in the file, uncompressed.</param>
/// <param name="Loadable">Whether MLX loads it.</param>
/// <param name="Shard">The file that contains the array, if there are several; otherwise, null.</param>
internal sealed record ArrayDescription(string Name, string Type, int[] Shape, long Bytes, bool Loadable, string? Shard = null)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}
