namespace DotMlx.Tool.Inspect;

/// <summary>An array as its file's header tells of it.</summary>
/// <param name="Name">Its name; empty in an npy file.</param>
/// <param name="Type">MLX's name of the element type, or the format's own where MLX has none or packs it.</param>
/// <param name="Shape">The sizes, in MLX's order.</param>
/// <param name="Bytes">The size of the data in the file, not packed.</param>
/// <param name="Loadable">Whether MLX loads it.</param>
/// <param name="Shard">The file among several that holds it; null when there is one.</param>
internal sealed record ArrayDescription(string Name, string Type, int[] Shape, long Bytes, bool Loadable, string? Shard = null)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}
