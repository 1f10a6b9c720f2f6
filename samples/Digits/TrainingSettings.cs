using System.Globalization;

namespace DotMlx.Samples.Digits;

/// <summary>
/// The settings that determine the results. Two runs with equal settings match bit for bit, even if one of them was interrupted and
/// resumed.
/// </summary>
internal sealed record TrainingSettings
{
    public const int DefaultBatchSize = 64;
    public const int DefaultSeed = 1;
    public const string DefaultOptimizer = "adamw";

    /// <summary>The number of epochs after which the learning rate reaches its minimum, even if fewer or more are trained.</summary>
    public const int DefaultDecayEpochs = 30;

    public int BatchSize { get; init; } = DefaultBatchSize;

    public int Seed { get; init; } = DefaultSeed;

    public string Optimizer { get; init; } = DefaultOptimizer;

    public float LearningRate { get; init; } = OptimizerChoice.DefaultLearningRate(DefaultOptimizer);

    public int DecayEpochs { get; init; } = DefaultDecayEpochs;

    /// <summary>The settings by option name, as a checkpoint stores them, with floats in their shortest exact form.</summary>
    public IReadOnlyDictionary<string, string> ToText() => new Dictionary<string, string>
    {
        ["batch-size"] = BatchSize.ToString(CultureInfo.InvariantCulture),
        ["seed"] = Seed.ToString(CultureInfo.InvariantCulture),
        ["optimizer"] = Optimizer,
        ["learning-rate"] = LearningRate.ToString("R", CultureInfo.InvariantCulture),
        ["decay-epochs"] = DecayEpochs.ToString(CultureInfo.InvariantCulture),
    };

    /// <exception cref="FormatException">A setting is missing or isn't a number.</exception>
    public static TrainingSettings FromText(IReadOnlyDictionary<string, string> text)
    {
        return new TrainingSettings
        {
            BatchSize = Parse<int>(text, "batch-size"),
            Seed = Parse<int>(text, "seed"),
            Optimizer = Find(text, "optimizer"),
            LearningRate = Parse<float>(text, "learning-rate"),
            DecayEpochs = Parse<int>(text, "decay-epochs"),
        };
    }

    private static T Parse<T>(IReadOnlyDictionary<string, string> text, string name)
        where T : IParsable<T> => T.Parse(Find(text, name), CultureInfo.InvariantCulture);

    private static string Find(IReadOnlyDictionary<string, string> text, string name) =>
        text.TryGetValue(name, out string? value) ? value : throw new FormatException($"it has no '{name}'");
}
