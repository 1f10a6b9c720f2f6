namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Several texts of one length, with marks of what is learned.</summary>
public sealed class TrainingBatch : IDisposable
{
    private TrainingBatch(MlxArray tokens, MlxArray mask, int count) => (Tokens, Mask, Count) = (tokens, mask, count);

    /// <summary>The tokens, int32 of shape (texts, length).</summary>
    public MlxArray Tokens { get; }

    /// <summary>Which tokens after the first are learned, bool of shape (texts, length - 1).</summary>
    public MlxArray Mask { get; }

    /// <summary>How many tokens are learned.</summary>
    public int Count { get; }

    /// <summary>
    /// A batch as mlx-lm has it: the tokens, and for each text the first and the last position that is learned. Positions count from 1,
    /// which is the token after the first one.
    /// </summary>
    /// <param name="tokens">Integers of shape (texts, length).</param>
    /// <param name="lengths">Integers of shape (texts, 2).</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static TrainingBatch Create(MlxArray tokens, MlxArray lengths)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(lengths);
        if (tokens.NDim != 2 || tokens.Shape[1] < 2 || !lengths.Shape.SequenceEqual([tokens.Shape[0], 2]))
        {
            throw new ArgumentException(
                $"The tokens have the shape {AdapterFiles.Shape(tokens)} and the lengths {AdapterFiles.Shape(lengths)}; expected (texts, length) "
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

    /// <summary>Texts padded with zeros to the longest, as mlx-lm pads them: to one more than a multiple of 32, or to the longest that is allowed.</summary>
    /// <param name="examples">The texts, at least one.</param>
    /// <param name="maxLength">The most tokens of a text.</param>
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

    /// <summary>Rows that each hold several texts one after the other; the first token of a text is not learned from the text before it.</summary>
    /// <param name="rows">The texts of each row.</param>
    /// <param name="length">The length of the rows.</param>
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
