namespace DotMlx;

/// <summary>
/// The smallest and the largest element of an array of positions or class labels. The array keeps them (<see cref="MlxArray.Range"/>),
/// because MLX moves an array of a GPU to memory that both processors share whenever the program reads it.
/// </summary>
/// <param name="Native">The native array that was read.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Least">The smallest element.</param>
/// <param name="Greatest">The largest element.</param>
internal sealed record KnownRange(nint Native, int[] Shape, long Least, long Greatest);
