using DotMlx.Optimizers;

namespace DotMlx.Samples.Digits;

/// <summary>The optimizers of the command line, each with a learning rate that suits this problem.</summary>
internal static class OptimizerChoice
{
    private const float WarmUpFraction = 0.1f;
    private const float Floor = 0.01f;

    private sealed record Entry(float LearningRate, Func<Schedule, Optimizer> Create);

    private static readonly Dictionary<string, Entry> Entries = new(StringComparer.Ordinal)
    {
        ["adamw"] = new(0.003f, rate => new AdamW(rate)),
        ["adam"] = new(0.003f, rate => new Adam(rate)),
        ["adamax"] = new(0.005f, rate => new Adamax(rate)),
        ["lion"] = new(0.001f, rate => new Lion(rate)),
        ["muon"] = new(0.02f, rate => new Muon(rate)),
        ["rmsprop"] = new(0.001f, rate => new RMSprop(rate)),
        ["sgd"] = new(0.1f, rate => new SGD(rate, momentum: 0.9f)),
    };

    public static IReadOnlyCollection<string> Names => Entries.Keys;

    public static float DefaultLearningRate(string name) => Find(name).LearningRate;

    public static Optimizer Create(string name, Schedule learningRate) => Find(name).Create(learningRate);

    /// <summary>Linear warm-up to the peak over a tenth of the steps, and then a cosine decay to a hundredth of it.</summary>
    public static Schedule WarmUpAndCosine(float peak, int totalSteps)
    {
        int warmUp = Math.Max(1, (int)(totalSteps * WarmUpFraction));
        return Schedules.JoinSchedules(
            [
                Schedules.LinearSchedule(peak * Floor, peak, warmUp),
                Schedules.CosineDecay(peak, Math.Max(1, totalSteps - warmUp), peak * Floor),
            ],
            [warmUp]);
    }

    private static Entry Find(string name) => Entries.TryGetValue(name, out Entry? entry)
        ? entry
        : throw new UserErrorException($"unknown optimizer '{name}': choose one of {string.Join(", ", Names)}.");
}
