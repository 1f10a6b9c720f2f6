using System.Text.Json;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Creates optimizers and schedules from the arguments of the figures, with Python's names.</summary>
internal static class GoldenOptimizers
{
    internal static Optimizer Make(string name, JsonElement args)
    {
        Arguments a = new(args);
        return name switch
        {
            "SGD" => a.WithRate<Optimizer>(
                rate => new SGD(rate, a.Number("momentum", 0), a.Number("weight_decay", 0), a.Number("dampening", 0),
                    a.Bool("nesterov", false)),
                rate => new SGD(rate, a.Number("momentum", 0), a.Number("weight_decay", 0), a.Number("dampening", 0),
                    a.Bool("nesterov", false))),
            "RMSprop" => a.WithRate<Optimizer>(
                rate => new RMSprop(rate, a.Number("alpha", 0.99), a.Number("eps", 1e-8)),
                rate => new RMSprop(rate, a.Number("alpha", 0.99), a.Number("eps", 1e-8))),
            "Adagrad" => a.WithRate<Optimizer>(
                rate => new Adagrad(rate, a.Number("eps", 1e-8)),
                rate => new Adagrad(rate, a.Number("eps", 1e-8))),
            "AdaDelta" => a.WithRate<Optimizer>(
                rate => new AdaDelta(rate, a.Number("rho", 0.9), a.Number("eps", 1e-6)),
                rate => new AdaDelta(rate, a.Number("rho", 0.9), a.Number("eps", 1e-6))),
            "Adam" => a.WithRate<Optimizer>(
                rate => new Adam(rate, a.Pair("betas"), a.Number("eps", 1e-8), a.Bool("bias_correction", false)),
                rate => new Adam(rate, a.Pair("betas"), a.Number("eps", 1e-8), a.Bool("bias_correction", false))),
            "AdamW" => a.WithRate<Optimizer>(
                rate => new AdamW(rate, a.Pair("betas"), a.Number("eps", 1e-8), a.Number("weight_decay", 0.01),
                    a.Bool("bias_correction", false)),
                rate => new AdamW(rate, a.Pair("betas"), a.Number("eps", 1e-8), a.Number("weight_decay", 0.01),
                    a.Bool("bias_correction", false))),
            "Adamax" => a.WithRate<Optimizer>(
                rate => new Adamax(rate, a.Pair("betas"), a.Number("eps", 1e-8)),
                rate => new Adamax(rate, a.Pair("betas"), a.Number("eps", 1e-8))),
            "Lion" => a.WithRate<Optimizer>(
                rate => new Lion(rate, a.Pair("betas"), a.Number("weight_decay", 0)),
                rate => new Lion(rate, a.Pair("betas"), a.Number("weight_decay", 0))),
            "Adafactor" => a.WithRateOrNone<Optimizer>(
                rate => new Adafactor(
                    rate, a.Pair("eps"), a.Number("clip_threshold", 1), a.Number("decay_rate", -0.8), a.NumberOrNull("beta_1"),
                    a.Number("weight_decay", 0), a.Bool("scale_parameter", true), a.Bool("relative_step", true),
                    a.Bool("warmup_init", false)),
                rate => new Adafactor(
                    rate, a.Pair("eps"), a.Number("clip_threshold", 1), a.Number("decay_rate", -0.8), a.NumberOrNull("beta_1"),
                    a.Number("weight_decay", 0), a.Bool("scale_parameter", true), a.Bool("relative_step", true),
                    a.Bool("warmup_init", false))),
            "Muon" => a.WithRate<Optimizer>(
                rate => new Muon(rate, a.Number("momentum", 0.95), a.Number("weight_decay", 0.01), a.Bool("nesterov", true),
                    a.Int("ns_steps", 5)),
                rate => new Muon(rate, a.Number("momentum", 0.95), a.Number("weight_decay", 0.01), a.Bool("nesterov", true),
                    a.Int("ns_steps", 5))),
            _ => throw new ArgumentException($"No optimizer {name}.", nameof(name)),
        };
    }

    internal static Schedule MakeSchedule(JsonElement element)
    {
        string name = element.GetProperty("schedule").GetString()!;
        if (name == "join_schedules")
        {
            return Schedules.JoinSchedules(
                [.. element.GetProperty("schedules").EnumerateArray().Select(MakeSchedule)],
                [.. element.GetProperty("boundaries").EnumerateArray().Select(boundary => boundary.GetInt32())]);
        }

        Arguments a = new(element.GetProperty("args"));
        return name switch
        {
            "exponential_decay" => Schedules.ExponentialDecay(a.Number("init", 0), a.Number("decay_rate", 0)),
            "step_decay" => Schedules.StepDecay(a.Number("init", 0), a.Number("decay_rate", 0), a.Int("step_size", 0)),
            "cosine_decay" => Schedules.CosineDecay(a.Number("init", 0), a.Int("decay_steps", 0), a.Number("end", 0)),
            "linear_schedule" => Schedules.LinearSchedule(a.Number("init", 0), a.Number("end", 0), a.Int("steps", 0)),
            _ => throw new ArgumentException($"No schedule {name}.", nameof(element)),
        };
    }

    /// <summary>
    /// Fails unless the tree has exactly the expected paths, dtypes, and shapes, and values within a relative error of 1e-5.
    /// </summary>
    internal static void AssertTree(Tree actual, Tree expected, string what)
    {
        Dictionary<string, MlxArray> values = new(actual.Flatten());
        IReadOnlyList<KeyValuePair<string, MlxArray>> figures = expected.Flatten();
        Assert.That(values.Keys, Is.EquivalentTo(figures.Select(figure => figure.Key)), what);
        foreach ((string path, MlxArray figure) in figures)
        {
            AssertRelative(values[path], figure, $"{what}, {path}");
        }
    }

    private static void AssertRelative(MlxArray actual, MlxArray expected, string what)
    {
        Assert.That(actual.DType, Is.EqualTo(expected.DType), what);
        Assert.That(actual.Shape.ToArray(), Is.EqualTo(expected.Shape.ToArray()), what);
        double[] left = Golden.ToDoubles(actual);
        double[] right = Golden.ToDoubles(expected);

        // An element that is tiny compared with its neighbors is a difference of larger numbers.
        double relative = actual.DType switch { DType.Float16 => 2e-3, DType.BFloat16 => 1.6e-2, _ => 1e-5 };
        double floor = 1e-2 * right.Select(Math.Abs).DefaultIfEmpty().Max();
        for (int i = 0; i < left.Length; i++)
        {
            double tolerance = actual.DType.IsInexact() ? relative * Math.Max(Math.Abs(right[i]), floor) : 0;
            if (!(Math.Abs(left[i] - right[i]) <= tolerance))
            {
                Assert.Fail($"{what}: element {i} is {left[i]:R}, expected {right[i]:R}");
            }
        }
    }

    private sealed class Arguments(JsonElement args)
    {
        internal T WithRate<T>(Func<double, T> constant, Func<Schedule, T> scheduled) =>
            WithRateOrNone(rate => constant(rate ?? throw new ArgumentException("No learning rate.")), scheduled);

        internal T WithRateOrNone<T>(Func<double?, T> constant, Func<Schedule, T> scheduled) =>
            args.TryGetProperty("learning_rate", out JsonElement rate) && rate.ValueKind == JsonValueKind.Object
                ? scheduled(MakeSchedule(rate))
                : constant(NumberOrNull("learning_rate"));

        internal double Number(string name, double otherwise) => NumberOrNull(name) ?? otherwise;

        internal double? NumberOrNull(string name) =>
            args.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetDouble() : null;

        internal int Int(string name, int otherwise) => args.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : otherwise;

        internal bool Bool(string name, bool otherwise) => args.TryGetProperty(name, out JsonElement value)
            ? value.GetBoolean()
            : otherwise;

        internal (double, double)? Pair(string name) =>
            args.TryGetProperty(name, out JsonElement value) ? (value[0].GetDouble(), value[1].GetDouble()) : null;
    }
}
