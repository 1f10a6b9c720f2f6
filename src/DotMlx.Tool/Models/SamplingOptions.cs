using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using DotMlx.LanguageModels;

namespace DotMlx.Tool.Models;

/// <summary>
/// The options of text generation. Options that aren't given come from the model's generation_config.json.
/// </summary>
internal sealed class SamplingOptions
{
    private readonly Option<int> _maxTokens;
    private readonly Option<double?> _temperature = Number<double?>("--temp", "The temperature; 0 chooses the most likely token.", 0, 100);
    private readonly Option<double?> _topP = Number<double?>("--top-p",
        "Sample from the most likely tokens whose total probability reaches this value.", 0, 1);
    private readonly Option<int?> _topK = Number<int?>("--top-k", "Sample from this number of most likely tokens; 0 for all.", 0,
        int.MaxValue);
    private readonly Option<double?> _minP = Number<double?>("--min-p",
        "Sample from tokens with at least this fraction of the most likely token's probability.", 0, 1);
    private readonly Option<double?> _repetition = Number<double?>(
        "--repetition-penalty", "Penalize tokens that have occurred; 1 for none.", 0.01, 100);
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Makes the draws repeatable." };
    private readonly Option<string[]> _stop = new("--stop") { Description = "A text that ends the answer; can be repeated." };

    private SamplingOptions(int maxTokens)
    {
        _maxTokens = Number<int>("--max-tokens", "The maximum number of tokens to generate.", 1, int.MaxValue);
        _maxTokens.DefaultValueFactory = _ => maxTokens;
        _stop.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
            {
                result.AddError("--stop is empty.");
            }
        });
    }

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="maxTokens">The maximum number of tokens if the user doesn't specify it.</param>
    public static SamplingOptions AddTo(Command command, int maxTokens)
    {
        SamplingOptions options = new(maxTokens);
        foreach (Option option in new Option[]
        {
            options._maxTokens, options._temperature, options._topP, options._topK, options._minP, options._repetition, options._seed,
                options._stop,
        })
        {
            command.Options.Add(option);
        }
        return options;
    }

    /// <summary>The model's recommended options, overridden by the user's.</summary>
    public GenerationOptions Read(ParseResult arguments, LanguageModel model)
    {
        GenerationOptions recommended = model.RecommendedOptions;
        return recommended with
        {
            MaxTokens = arguments.GetValue(_maxTokens),
            Temperature = arguments.GetValue(_temperature) ?? recommended.Temperature,
            TopP = arguments.GetValue(_topP) ?? recommended.TopP,
            TopK = arguments.GetValue(_topK) ?? recommended.TopK,
            MinP = arguments.GetValue(_minP) ?? recommended.MinP,
            RepetitionPenalty = arguments.GetValue(_repetition) ?? recommended.RepetitionPenalty,
            Seed = arguments.GetValue(_seed) ?? recommended.Seed,
            StopStrings = arguments.GetValue(_stop) ?? [],
        };
    }

    /// <summary>An option for a number with bounds.</summary>
    public static Option<T> Number<T>(string name, string description, double minimum, double maximum)
    {
        Option<T> option = new(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { } text }] && double.TryParse(text, CultureInfo.InvariantCulture, out double value)
                && !(value >= minimum && value <= maximum))
            {
                result.AddError(maximum >= int.MaxValue
                    ? string.Create(CultureInfo.InvariantCulture, $"{name} is {text}; it must be at least {minimum}.")
                    : string.Create(CultureInfo.InvariantCulture, $"{name} is {text}; it must be from {minimum} to {maximum}."));
            }
        });
        return option;
    }
}
