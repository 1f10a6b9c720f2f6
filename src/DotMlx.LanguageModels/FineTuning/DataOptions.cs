namespace DotMlx.LanguageModels.FineTuning;

/// <summary>How lines of text become tokens to learn from.</summary>
public sealed record DataOptions
{
    private readonly int _maxLength = 2048;

    /// <summary>
    /// Whether only answers are learned: the completion, or the last message (<c>mask_prompt</c> of mlx-lm). Lines with <c>text</c> have no
    /// prompt and are refused then.
    /// </summary>
    public bool MaskPrompt { get; init; }

    /// <summary>The most tokens of a text, at least 2; what is longer is cut off (<c>max_seq_length</c>).</summary>
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
    /// Whether rows of <see cref="MaxLength"/> tokens are filled with several texts each, instead of texts of similar length padded to the
    /// longest one. A text then sees the ones before it in its row.
    /// </summary>
    public bool Packed { get; init; }
}
