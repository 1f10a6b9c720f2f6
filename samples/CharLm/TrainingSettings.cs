using System.Globalization;

namespace DotMlx.Samples.CharLm;

/// <summary>The settings that determine a training run, kept in its checkpoint.</summary>
internal sealed record TrainingSettings(
    int Dims, int Heads, int Layers, int Context, int BatchSize, int Steps, float LearningRate, float Dropout, int Seed)
{
    public IReadOnlyDictionary<string, string> ToText() => new Dictionary<string, string>
    {
        ["dims"] = Text(Dims),
        ["heads"] = Text(Heads),
        ["layers"] = Text(Layers),
        ["context"] = Text(Context),
        ["batch_size"] = Text(BatchSize),
        ["steps"] = Text(Steps),
        ["learning_rate"] = LearningRate.ToString("R", CultureInfo.InvariantCulture),
        ["dropout"] = Dropout.ToString("R", CultureInfo.InvariantCulture),
        ["seed"] = Text(Seed),
    };

    /// <exception cref="FormatException">A setting is missing or isn't a number.</exception>
    public static TrainingSettings FromText(IReadOnlyDictionary<string, string> text)
    {
        string Get(string key) => text.TryGetValue(key, out string? value) ? value : throw new FormatException($"it lacks '{key}'");
        int Int(string key) => int.Parse(Get(key), NumberStyles.Integer, CultureInfo.InvariantCulture);
        float Float(string key) => float.Parse(Get(key), NumberStyles.Float, CultureInfo.InvariantCulture);
        return new(
            Int("dims"), Int("heads"), Int("layers"), Int("context"), Int("batch_size"), Int("steps"), Float("learning_rate"),
            Float("dropout"), Int("seed"));
    }

    public ModelSize Size(Vocabulary vocabulary) => new(vocabulary.Count, Dims, Heads, Layers);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
