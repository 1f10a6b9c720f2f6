using System.Numerics;
using System.Runtime.CompilerServices;

namespace DotMlx.LanguageModels;

/// <summary>
/// Options for text generation. The most likely token is chosen unless <see cref="Temperature"/> is greater than 0. Logits are processed in
/// this order, as in Hugging Face's library: bias and penalties, temperature, <see cref="TopK"/>, <see cref="TopP"/>, and
/// <see cref="MinP"/>.
/// </summary>
public sealed record GenerationOptions
{
    private readonly int _maxTokens = 256;
    private readonly double _temperature;
    private readonly int _topK;
    private readonly double _topP = 1;
    private readonly double _minP;
    private readonly double _repetitionPenalty = 1;
    private readonly double _presencePenalty;
    private readonly double _frequencyPenalty;
    private readonly int _topLogProbabilities;
    private readonly int _promptChunk = 512;
    private readonly IReadOnlyList<string> _stopStrings = [];

    /// <summary>The maximum number of tokens to generate.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public int MaxTokens
    {
        get => _maxTokens;
        init => _maxTokens = InRange(value, 1, int.MaxValue);
    }

    /// <summary>The divisor of the logits before sampling; 0 chooses the most likely token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or not finite.</exception>
    public double Temperature
    {
        get => _temperature;
        init => _temperature = InRange(value, 0, double.MaxValue);
    }

    /// <summary>The number of most likely tokens to sample from; 0 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int TopK
    {
        get => _topK;
        init => _topK = InRange(value, 0, int.MaxValue);
    }

    /// <summary>The minimum total probability of the most likely tokens to sample from; 1 for all tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't from 0 to 1.</exception>
    public double TopP
    {
        get => _topP;
        init => _topP = InRange(value, 0, 1);
    }

    /// <summary>
    /// The minimum probability of tokens to sample from, as a fraction of the most likely token's probability; 0 for all.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't from 0 to 1.</exception>
    public double MinP
    {
        get => _minP;
        init => _minP = InRange(value, 0, 1);
    }

    /// <summary>
    /// The divisor of positive logits, and the factor of negative logits, of tokens that are in the prompt or were generated; 1 for none.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public double RepetitionPenalty
    {
        get => _repetitionPenalty;
        init => _repetitionPenalty = value > 0 ? InRange(value, 0, double.MaxValue)
            : throw OutOfRange(value, "above 0", nameof(RepetitionPenalty));
    }

    /// <summary>The number to subtract from the logits of tokens that were generated.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't finite.</exception>
    public double PresencePenalty
    {
        get => _presencePenalty;
        init => _presencePenalty = InRange(value, double.MinValue, double.MaxValue);
    }

    /// <summary>The number to subtract from a token's logit for each time that the token was generated.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't finite.</exception>
    public double FrequencyPenalty
    {
        get => _frequencyPenalty;
        init => _frequencyPenalty = InRange(value, double.MinValue, double.MaxValue);
    }

    /// <summary>The numbers to add to the logits of tokens, by token ID. Negative infinity excludes a token.</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>The seed for sampling. The same seed gives the same text; null gives a different text each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Strings that end the generation where they first appear. The generated text doesn't include them.</summary>
    /// <exception cref="ArgumentException">A string is empty.</exception>
    public IReadOnlyList<string> StopStrings
    {
        get => _stopStrings;
        init => _stopStrings = value.All(text => !string.IsNullOrEmpty(text)) ? value
            : throw new ArgumentException("A stop string is empty.", nameof(value));
    }

    /// <summary>The token IDs that end the text; null for those of the model, and an empty list for none.</summary>
    public IReadOnlyList<int>? EndTokens { get; init; }

    /// <summary>Whether to return the log-probability of each token.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>The number of most likely tokens to return, with their log-probabilities, at each position.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int TopLogProbabilities
    {
        get => _topLogProbabilities;
        init => _topLogProbabilities = InRange(value, 0, int.MaxValue);
    }

    /// <summary>The number of prompt tokens to compute at a time. A smaller number needs less memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number isn't positive.</exception>
    public int PromptChunk
    {
        get => _promptChunk;
        init => _promptChunk = InRange(value, 1, int.MaxValue);
    }

    /// <summary>How keys and values are stored if no cache is given.</summary>
    public CacheOptions Cache { get; init; } = new();

    /// <summary>Reads the settings of a <c>generation_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">A setting is invalid; the message names it.</exception>
    internal static GenerationOptions Read(ModelConfig? config)
    {
        if (config?.Flag("do_sample", false) is not true)
        {
            return new();
        }
        try
        {
            return new()
            {
                Temperature = config.NumberOr("temperature", 1),
                TopP = config.NumberOr("top_p", 1),
                TopK = config.IntegerOr("top_k", 0, minimum: 0),
                MinP = config.NumberOr("min_p", 0),
                RepetitionPenalty = config.NumberOr("repetition_penalty", 1),
            };
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new InvalidDataException($"'{config.File}' cannot be used: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    private static T InRange<T>(T value, T minimum, T maximum, [CallerMemberName] string name = "")
        where T : INumber<T> => value >= minimum && value <= maximum
            ? value
            : throw OutOfRange(value, $"from {minimum} to {maximum}", name);

    private static ArgumentOutOfRangeException OutOfRange(object value, string expected, string name) =>
        new(name, value, $"{name} is {value}, expected a number {expected}.");
}
