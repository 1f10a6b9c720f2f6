using System.Numerics;
using System.Runtime.CompilerServices;

namespace DotMlx.LanguageModels;

/// <summary>
/// How text is generated. The most likely token is taken unless <see cref="Temperature"/> is above 0. Logits are changed in this order:
/// bias and penalties, temperature, <see cref="TopK"/>, <see cref="TopP"/>, <see cref="MinP"/>, as in Hugging Face's library.
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

    /// <summary>The most tokens to generate.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public int MaxTokens
    {
        get => _maxTokens;
        init => _maxTokens = InRange(value, 1, int.MaxValue);
    }

    /// <summary>Divides the logits before one of the tokens is drawn; 0 takes the most likely one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or not finite.</exception>
    public double Temperature
    {
        get => _temperature;
        init => _temperature = InRange(value, 0, double.MaxValue);
    }

    /// <summary>Draws from that many of the most likely tokens; 0 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int TopK
    {
        get => _topK;
        init => _topK = InRange(value, 0, int.MaxValue);
    }

    /// <summary>Draws from the most likely tokens that together have at least this probability; 1 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not from 0 to 1.</exception>
    public double TopP
    {
        get => _topP;
        init => _topP = InRange(value, 0, 1);
    }

    /// <summary>Draws from tokens that have at least this share of the most likely one's probability; 0 for all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not from 0 to 1.</exception>
    public double MinP
    {
        get => _minP;
        init => _minP = InRange(value, 0, 1);
    }

    /// <summary>
    /// Divides positive logits of tokens that are in the prompt or were generated, and multiplies negative ones; 1 for none.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public double RepetitionPenalty
    {
        get => _repetitionPenalty;
        init => _repetitionPenalty = value > 0 ? InRange(value, 0, double.MaxValue)
            : throw OutOfRange(value, "above 0", nameof(RepetitionPenalty));
    }

    /// <summary>Subtracted from the logits of tokens that were generated.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not finite.</exception>
    public double PresencePenalty
    {
        get => _presencePenalty;
        init => _presencePenalty = InRange(value, double.MinValue, double.MaxValue);
    }

    /// <summary>Subtracted from the logits of tokens that were generated, as often as they were.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not finite.</exception>
    public double FrequencyPenalty
    {
        get => _frequencyPenalty;
        init => _frequencyPenalty = InRange(value, double.MinValue, double.MaxValue);
    }

    /// <summary>Added to the logits of tokens; negative infinity forbids one.</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>Makes the draws repeatable: the same seed gives the same text. Null draws anew each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Texts that end the generation where they first appear; they are not part of the text.</summary>
    /// <exception cref="ArgumentException">One is empty.</exception>
    public IReadOnlyList<string> StopStrings
    {
        get => _stopStrings;
        init => _stopStrings = value.All(text => !string.IsNullOrEmpty(text)) ? value
            : throw new ArgumentException("A stop string is empty.", nameof(value));
    }

    /// <summary>Tokens that end the text; null for those of the model, and an empty list for none.</summary>
    public IReadOnlyList<int>? EndTokens { get; init; }

    /// <summary>Whether the log-probability of each token is given.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>How many of the most likely tokens are given with their log-probabilities at each place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int TopLogProbabilities
    {
        get => _topLogProbabilities;
        init => _topLogProbabilities = InRange(value, 0, int.MaxValue);
    }

    /// <summary>How many tokens of a prompt are computed at a time; fewer need less memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public int PromptChunk
    {
        get => _promptChunk;
        init => _promptChunk = InRange(value, 1, int.MaxValue);
    }

    /// <summary>How keys and values are kept where no cache is given.</summary>
    public CacheOptions Cache { get; init; } = new();

    /// <summary>The settings of a <c>generation_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">A setting is broken; the message names it.</exception>
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
