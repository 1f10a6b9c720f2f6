namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The progress of a fine-tuning run.</summary>
/// <param name="Iteration">The number of batches trained so far.</param>
/// <param name="Iterations">The total number of batches.</param>
public sealed record FineTuningProgress(int Iteration, int Iterations)
{
    /// <summary>The mean training loss per token since the last report, in nats; null in a validation report.</summary>
    public double? Loss { get; init; }

    /// <summary>The validation loss per token before the next batch, in nats; null in a training report.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The learning rate of the last update; null for an optimizer without one.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The number of batches per second since the last report, excluding validation; 0 in a validation report.</summary>
    public double IterationsPerSecond { get; init; }

    /// <summary>
    /// The number of trained tokens per second since the last report, summed over all processes; 0 in a validation report.
    /// </summary>
    public double TokensPerSecond { get; init; }

    /// <summary>The number of tokens trained on so far, summed over all processes.</summary>
    public long TrainedTokens { get; init; }

    /// <summary>The peak memory of MLX arrays, in bytes (<c>mx.get_peak_memory</c>).</summary>
    public long PeakMemory { get; init; }

    /// <summary>
    /// The time spent in <see cref="FineTuner.Run"/>, including validation. Time before a resumed checkpoint doesn't count.
    /// </summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The estimated remaining time at the current speed; null in a validation report.</summary>
    public TimeSpan? Remaining { get; init; }
}

/// <summary>The result of a call to <see cref="FineTuner.Run"/>.</summary>
public enum FineTuningStatus
{
    /// <summary>All iterations are complete.</summary>
    Completed,

    /// <summary><see cref="FineTuner.Pause"/> was called. The next call to <see cref="FineTuner.Run"/> continues the run.</summary>
    Paused,
}
