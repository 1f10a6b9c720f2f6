namespace DotMlx.LanguageModels.FineTuning;

/// <summary>The settings of a fine-tuning run. The defaults match mlx-lm.</summary>
public sealed record FineTuningSettings
{
    /// <summary>The fine-tuning method (<c>fine_tune_type</c>).</summary>
    public FineTuningMethod Method { get; init; }

    /// <summary>
    /// The number of decoder layers to train, counted from the last layer (<c>num_layers</c>). Zero or less selects all layers, and so does
    /// a number greater than the model has.
    /// </summary>
    public int Layers { get; init; } = 16;

    /// <summary>
    /// Whether full fine-tuning also trains the parameters outside the decoder layers: the embedding, the final norm, and the output layer.
    /// If true, all layers are trained.
    /// </summary>
    public bool WholeModel { get; init; }

    /// <summary>The parameters of the low-rank adapters for LoRA and DoRA (<c>lora_parameters</c>).</summary>
    public LoraParameters Lora { get; init; } = new();

    /// <summary>The number of texts or packed rows per batch, summed over all processes (<c>batch_size</c>).</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>The total number of batches (<c>iters</c>).</summary>
    public int Iterations { get; init; } = 1000;

    /// <summary>The number of batches per optimizer update (<c>grad_accumulation_steps</c>). Their gradients are averaged.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>The maximum norm of the gradients; null disables clipping.</summary>
    public double? MaxGradientNorm { get; init; }

    /// <summary>Whether the optimizer keeps float32 master copies of float16 and bfloat16 parameters.</summary>
    public bool MasterWeights { get; init; }

    /// <summary>Whether the backward pass recomputes the layers (<c>grad_checkpoint</c>). This saves memory and takes more time.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>
    /// Whether the training step is compiled (<c>mx.compile</c>). If not, the tuner turns the optimizer's
    /// <see cref="DotMlx.Optimizers.OptimizerBase.GroupSmallParameters"/> on, which gives the same results.
    /// </summary>
    public bool Compiled { get; init; } = true;

    /// <summary>The seed for the initial values of the low-rank matrices, the order of the data, and dropout.</summary>
    public ulong Seed { get; init; }

    /// <summary>The number of batches between loss reports (<c>steps_per_report</c>).</summary>
    public int StepsPerReport { get; init; } = 10;

    /// <summary>
    /// The number of batches between validations (<c>steps_per_eval</c>). Validation also runs before the first batch and before the last
    /// batch.
    /// </summary>
    public int StepsPerValidation { get; init; } = 200;

    /// <summary>The number of batches per validation (<c>val_batches</c>); negative for all.</summary>
    public int ValidationBatches { get; init; } = 25;

    /// <summary>The checkpoint folder that <see cref="FineTuner.Resume"/> reads; null disables checkpoints.</summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>The number of batches between checkpoints (<c>save_every</c>). A checkpoint is also saved after the last batch.</summary>
    public int StepsPerCheckpoint { get; init; } = 100;

    /// <summary>The number of checkpoints to keep, at least 1.</summary>
    public int KeptCheckpoints { get; init; } = 3;

    /// <summary>
    /// The processes that share each batch; null for this process alone. The batch size must be a multiple of the group size.
    /// </summary>
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
            throw new ArgumentOutOfRangeException(nameof(MaxGradientNorm), most, "The maximum norm must be greater than 0.");
        }
        if (Group is { } group && BatchSize % group.Size != 0)
        {
            throw new ArgumentException($"A batch of {BatchSize} cannot be shared by {group.Size} processes evenly.");
        }
        if (WholeModel && Method != FineTuningMethod.Full)
        {
            throw new ArgumentException($"WholeModel applies only to full fine-tuning; with {Method}, list modules "
                + $"outside the layers in Lora.Keys.");
        }
        Lora.Check();
    }
}
