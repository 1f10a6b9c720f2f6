using System.Diagnostics.Metrics;

namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The meter <c>DotMlx.FineTuning</c>, for OpenTelemetry and other listeners.</summary>
internal static class FineTuningMetrics
{
    private static readonly Meter S_meter = new("DotMlx.FineTuning");
    private static readonly Counter<long> S_iterations = S_meter.CreateCounter<long>("dotmlx.finetuning.iterations",
        "{batch}", "Batches learned");
    private static readonly Counter<long> S_tokens = S_meter.CreateCounter<long>("dotmlx.finetuning.tokens", "{token}",
        "Tokens learned from");
    private static readonly Gauge<double> S_loss = S_meter.CreateGauge<double>("dotmlx.finetuning.loss", "nat",
        "Mean loss per token since the last report");
    private static readonly Gauge<double> S_validation = S_meter.CreateGauge<double>("dotmlx.finetuning.validation_loss", "nat",
        "Loss per token on the validation set");
    private static readonly Gauge<double> S_rate = S_meter.CreateGauge<double>("dotmlx.finetuning.learning_rate", "1",
        "Learning rate of the last update");

    internal static void Learned(long tokens)
    {
        S_iterations.Add(1);
        S_tokens.Add(tokens);
    }

    internal static void Reported(FineTuningProgress progress)
    {
        if (progress.Loss is { } loss)
        {
            S_loss.Record(loss);
            if (progress.LearningRate is { } rate)
            {
                S_rate.Record(rate);
            }
        }
        if (progress.ValidationLoss is { } validation)
        {
            S_validation.Record(validation);
        }
    }
}
