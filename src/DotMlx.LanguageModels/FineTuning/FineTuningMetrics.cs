using System.Diagnostics.Metrics;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The meter <c>DotMlx.FineTuning</c>, for OpenTelemetry and other listeners.</summary>
internal static class FineTuningMetrics
{
    private static readonly Meter Meter = new("DotMlx.FineTuning");
    private static readonly Counter<long> Iterations = Meter.CreateCounter<long>("dotmlx.finetuning.iterations",
        "{batch}", "Batches learned");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("dotmlx.finetuning.tokens", "{token}",
        "Tokens learned from");
    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>("dotmlx.finetuning.loss", "nat",
        "Mean loss per token since the last report");
    private static readonly Gauge<double> Validation = Meter.CreateGauge<double>("dotmlx.finetuning.validation_loss", "nat",
        "Loss per token on the validation set");
    private static readonly Gauge<double> Rate = Meter.CreateGauge<double>("dotmlx.finetuning.learning_rate", "1",
        "Learning rate of the last update");

    internal static void Learned(long tokens)
    {
        Iterations.Add(1);
        Tokens.Add(tokens);
    }

    internal static void Reported(FineTuningProgress progress)
    {
        if (progress.Loss is { } loss)
        {
            Loss.Record(loss);
            if (progress.LearningRate is { } rate)
            {
                Rate.Record(rate);
            }
        }
        if (progress.ValidationLoss is { } validation)
        {
            Validation.Record(validation);
        }
    }
}
