using DotMlx.Optimizers;

namespace DotMlx.Training;

/// <summary>The options of a <see cref="TrainingStep"/>.</summary>
public sealed record TrainingStepOptions
{
    /// <summary>The maximum norm of the gradients (<see cref="Gradients.ClipNorm"/>); null disables clipping.</summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>The number of calls per optimizer update, at least 1. The update uses the mean of their gradients.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>The processes over which gradients are averaged; null for this process alone.</summary>
    public DistributedGroup? Group { get; init; }

    /// <summary>Whether the step is compiled (<c>Mx.Compile</c>).</summary>
    public bool Compiled { get; init; } = true;

    /// <summary>
    /// The seed of the step's random sequence, which dropout uses, for example. If null, the step draws a seed from <see
    /// cref="Mx.Random"/>.
    /// </summary>
    public ulong? Seed { get; init; }
}
