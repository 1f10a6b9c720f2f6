namespace DotMlx.LanguageModels.FineTuning;

/// <summary>Options for converting lines of text to training tokens.</summary>
public sealed record DataOptions
{
    private readonly int _maxLength = 2048;

    /// <summary>
    /// Whether the loss covers only the answer: the completion or the last message (<c>mask_prompt</c> of mlx-lm). Lines with <c>text</c>
    /// have no prompt and are rejected if this is true.
    /// </summary>
    public bool MaskPrompt { get; init; }

    /// <summary>The maximum number of tokens per text, at least 2. Longer texts are truncated (<c>max_seq_length</c> of mlx-lm).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 2.</exception>
    public int MaxLength
    {
        get => _maxLength;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 2);
            _maxLength = value;
        }
    }

    /// <summary>
    /// Whether several texts are packed into each row of <see cref="MaxLength"/> tokens. Otherwise, a batch holds texts of similar length,
    /// padded to the longest text. A packed text attends to the texts before it in its row.
    /// </summary>
    public bool Packed { get; init; }
}
