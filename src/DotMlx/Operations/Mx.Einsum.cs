namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The order in which an Einstein summation contracts its operands, and its cost.</summary>
    /// <param name="subscripts">Subscripts such as "ij,jk,kl->il". Without an arrow, the result is inferred.</param>
    /// <param name="operands">One array per group of subscripts; only the shapes matter.</param>
    /// <returns>
    /// For each step, the positions of the operands that it contracts (its result goes to the end), and a report as text.
    /// </returns>
    /// <exception cref="ArgumentException">The subscripts don't match the shapes.</exception>
    /// <remarks>mlx.core.einsum_path; written in C#, because mlx-c lacks it.</remarks>
    public static (IReadOnlyList<int[]> Path, string Report) EinsumPath(
        string subscripts, params ReadOnlySpan<MlxArray> operands)
    {
        ArgumentNullException.ThrowIfNull(subscripts);
        int[][] shapes = new int[operands.Length][];
        for (int i = 0; i < shapes.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(operands[i], nameof(operands));
            shapes[i] = operands[i].Shape.ToArray();
        }

        ContractionPath path = ContractionPath.Find(EinsumExpression.Parse(subscripts, shapes));
        return (path.Steps, path.Report(subscripts));
    }
}
