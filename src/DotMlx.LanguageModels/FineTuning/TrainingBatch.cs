namespace DotMlx.LanguageModels.FineTuning;

/// <summary>A batch of token sequences of equal length, with a loss mask.</summary>
public sealed class TrainingBatch : IDisposable
{
    private TrainingBatch(MlxArray tokens, MlxArray mask, int count) => (Tokens, Mask, Count) = (tokens, mask, count);

    /// <summary>The token IDs, int32 of shape (texts, length).</summary>
    public MlxArray Tokens { get; }

    /// <summary>The loss mask, bool of shape (texts, length - 1). Element t is true if the loss includes token t + 1.</summary>
    public MlxArray Mask { get; }

    /// <summary>The number of tokens that the loss includes.</summary>
    public int Count { get; }

    /// <summary>
    /// Creates a batch in the form of mlx-lm: the token IDs and, for each text, the first and last positions that the loss includes.
    /// Position 1 is the second token.
    /// </summary>
    /// <param name="tokens">The token IDs, integers of shape (texts, length) with a length of at least 2.</param>
    /// <param name="lengths">The first and last positions, integers of shape (texts, 2).</param>
    /// <returns>The batch, which owns its arrays.</returns>
    /// <exception cref="ArgumentException">The shapes don't match.</exception>
    public static TrainingBatch Create(MlxArray tokens, MlxArray lengths)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(lengths);
        if (tokens.NDim != 2 || tokens.Shape[1] < 2 || !lengths.Shape.SequenceEqual([tokens.Shape[0], 2]))
        {
            throw new ArgumentException(
                $"The tokens have the shape {AdapterFiles.Shape(tokens)} and the "
                + $"lengths {AdapterFiles.Shape(lengths)}; expected (texts, length) "
                + "of at least two tokens and (texts, 2).");
        }
        using MlxArray whole = Mx.AsType(lengths, DType.Int32), ids = Mx.AsType(tokens, DType.Int32);
        int[] bounds = whole.ToArray<int>();
        int rows = tokens.Shape[0], length = tokens.Shape[1];
        bool[] mask = new bool[rows * (length - 1)];
        for (int i = 0; i < rows; i++)
        {
            Mark(mask.AsSpan(i * (length - 1), length - 1), bounds[2 * i], bounds[(2 * i) + 1]);
        }
        return Create(ids.ToArray<int>(), mask, rows, length);
    }

    /// <summary>
    /// Pads texts with zeros to the longest text, as mlx-lm does. The length is one more than a multiple of 32, up to the maximum length.
    /// As in mlx-lm, the loss includes the first padding token after a text.
    /// </summary>
    /// <param name="examples">The texts, at least one.</param>
    /// <param name="maxLength">The maximum number of tokens per text.</param>
    internal static TrainingBatch Pad(IReadOnlyList<Example> examples, int maxLength)
    {
        const int Multiple = 32;
        int longest = examples.Max(example => example.Tokens.Length);
        int length = Math.Min(1 + (Multiple * ((longest + Multiple - 1) / Multiple)), maxLength);
        int[] tokens = new int[examples.Count * length];
        bool[] mask = new bool[examples.Count * (length - 1)];
        for (int i = 0; i < examples.Count; i++)
        {
            examples[i].Tokens.CopyTo(tokens.AsSpan(i * length));
            Mark(mask.AsSpan(i * (length - 1), length - 1), examples[i].PromptLength, examples[i].Tokens.Length);
        }
        return Create(tokens, mask, examples.Count, length);
    }

    /// <summary>Packs several texts into each row. The loss excludes the first token of each text.</summary>
    /// <param name="rows">The texts of each row.</param>
    /// <param name="length">The length of the rows, in tokens.</param>
    internal static TrainingBatch Pack(IReadOnlyList<IReadOnlyList<Example>> rows, int length)
    {
        int[] tokens = new int[rows.Count * length];
        bool[] mask = new bool[rows.Count * (length - 1)];
        for (int i = 0; i < rows.Count; i++)
        {
            int start = 0;
            foreach (Example example in rows[i])
            {
                example.Tokens.CopyTo(tokens.AsSpan((i * length) + start));
                Span<bool> row = mask.AsSpan(i * (length - 1), length - 1);
                for (int position = Math.Max(example.PromptLength, 1); position < example.Tokens.Length; position++)
                {
                    row[start + position - 1] = true;
                }
                start += example.Tokens.Length;
            }
        }
        return Create(tokens, mask, rows.Count, length);
    }

    /// <summary>Frees the arrays.</summary>
    public void Dispose()
    {
        Tokens.Dispose();
        Mask.Dispose();
    }

    private static TrainingBatch Create(int[] tokens, bool[] mask, int rows, int length) =>
        new(MlxArray.Create<int>(tokens, rows, length), MlxArray.Create<bool>(mask, rows, length - 1), mask.Count(learned => learned));

    private static void Mark(Span<bool> row, int first, int last)
    {
        for (int position = Math.Max(first, 1); position <= Math.Min(last, row.Length); position++)
        {
            row[position - 1] = true;
        }
    }
}
