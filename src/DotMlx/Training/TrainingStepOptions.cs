using DotMlx.Optimizers;

namespace DotMlx.Training;

/// <summary>How a <see cref="TrainingStep"/> trains.</summary>
public sealed record TrainingStepOptions
{
    /// <summary>The greatest norm of the gradients (<see cref="Gradients.ClipNorm"/>); null for no limit.</summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>How many calls make one update, whose gradients are the mean of theirs; at least 1.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>The processes to average gradients with; null for none.</summary>
    public DistributedGroup? Group { get; init; }

    /// <summary>Whether the step is compiled (<c>Mx.Compile</c>).</summary>
    public bool Compiled { get; init; } = true;

    /// <summary>
    /// Where the step's own random numbers begin, such as those of dropout; null takes a seed from <see cref="Mx.Random"/>.
    /// </summary>
    public ulong? Seed { get; init; }
}
