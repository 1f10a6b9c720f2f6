namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The order in which an Einstein summation contracts its operands, and what it costs.</summary>
    /// <param name="subscripts">Subscripts such as "ij,jk,kl->il"; without an arrow the result is inferred.</param>
    /// <param name="operands">One array for each group of subscripts; only their shapes matter.</param>
    /// <returns>For each step the positions of the operands it contracts (its result goes to the end), and a report in text.</returns>
    /// <exception cref="ArgumentException">Subscripts and shapes do not agree.</exception>
    /// <remarks>mlx.core.einsum_path; written in C#, mlx-c has no such function.</remarks>
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
