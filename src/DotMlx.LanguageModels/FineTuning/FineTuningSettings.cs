namespace DotMlx.LanguageModels.FineTuning;

/// <summary>How a model is fine-tuned. The defaults are mlx-lm's.</summary>
public sealed record FineTuningSettings
{
    /// <summary>What is trained.</summary>
    public FineTuningMethod Method { get; init; }

    /// <summary>How many of the decoder's layers are trained, counted from the last one; 0 or less for all. A model with fewer is trained whole.</summary>
    public int Layers { get; init; } = 16;

    /// <summary>Whether full fine-tuning also trains what lies outside of the layers: embeddings, last norm and output layer. Then all layers are trained.</summary>
    public bool WholeModel { get; init; }

    /// <summary>The low-rank corrections of LoRA and DoRA.</summary>
    public LoraParameters Lora { get; init; } = new();

    /// <summary>How many texts, or packed rows, are learned at once, by all processes together.</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>How many batches are learned in all.</summary>
    public int Iterations { get; init; } = 1000;

    /// <summary>How many batches make one update; their gradients are averaged.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>The greatest norm of the gradients; null for no limit.</summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>Whether the optimizer keeps float32 copies of float16 and bfloat16 parameters.</summary>
    public bool MasterWeights { get; init; }

    /// <summary>Whether the layers are computed again for the gradient: less memory, more time.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Whether the step is compiled.</summary>
    public bool Compiled { get; init; } = true;

    /// <summary>Where the random numbers of the corrections, of the order of the data and of dropout begin.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many batches lie between two reports of the loss.</summary>
    public int StepsPerReport { get; init; } = 10;

    /// <summary>How many batches lie between two validations. The first batch and the last one have one, too.</summary>
    public int StepsPerValidation { get; init; } = 200;

    /// <summary>How many batches a validation takes; less than 0 for all.</summary>
    public int ValidationBatches { get; init; } = 25;

    /// <summary>The folder of the checkpoints that <see cref="FineTuner.Resume"/> goes on from; null for none.</summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>How many batches lie between two checkpoints.</summary>
    public int StepsPerCheckpoint { get; init; } = 100;

    /// <summary>How many checkpoints are kept.</summary>
    public int KeptCheckpoints { get; init; } = 3;

    /// <summary>The processes that share the batches; null for this one alone.</summary>
    public DistributedGroup? Group { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Iterations, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(AccumulationSteps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(StepsPerReport, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(StepsPerValidation, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(StepsPerCheckpoint, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(KeptCheckpoints, 1);
        ArgumentOutOfRangeException.ThrowIfZero(ValidationBatches);
        if (MaxGradientNorm is { } most && !(most > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(MaxGradientNorm), most, "The greatest norm must be above 0.");
        }
        if (Group is { } group && BatchSize % group.Size != 0)
        {
            throw new ArgumentException($"A batch of {BatchSize} cannot be shared by {group.Size} processes evenly.");
        }
        if (WholeModel && Method != FineTuningMethod.Full)
        {
            throw new ArgumentException($"WholeModel is for full fine-tuning; with {Method}, name what lies outside of the layers in Lora.Keys.");
        }
        Lora.Check();
    }
}
