namespace DotMlx.LanguageModels.FineTuning;

/// <summary>How far a fine-tuning has come.</summary>
/// <param name="Iteration">How many batches have been learned.</param>
/// <param name="Iterations">How many will be.</param>
public sealed record FineTuningProgress(int Iteration, int Iterations)
{
    /// <summary>The mean of the losses since the last report, per token in nats; null in a report of a validation.</summary>
    public double? Loss { get; init; }

    /// <summary>The loss on the validation set before the next batch is learned; null in a report of training.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The learning rate of the last update.</summary>
    public double LearningRate { get; init; }

    /// <summary>Batches per second since the last report.</summary>
    public double IterationsPerSecond { get; init; }

    /// <summary>Learned tokens per second since the last report, of all processes.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>How many tokens have been learned from, of all processes.</summary>
    public long TrainedTokens { get; init; }

    /// <summary>The most memory that arrays have used, in bytes.</summary>
    public long PeakMemory { get; init; }

    /// <summary>The time spent so far, without that of earlier runs that this one continues.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The time that the rest will take at the present pace; null where it is not known yet.</summary>
    public TimeSpan? Remaining { get; init; }
}

/// <summary>How a call of <see cref="FineTuner.Run"/> ended.</summary>
public enum FineTuningStatus
{
    /// <summary>All batches have been learned.</summary>
    Completed,

    /// <summary><see cref="FineTuner.Pause"/> was called; the next <see cref="FineTuner.Run"/> goes on.</summary>
    Paused,
}
