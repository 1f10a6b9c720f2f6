using System.CommandLine;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Lora;

/// <summary>The options of <c>dotnet mlx lora</c>, with mlx-lm's names and defaults.</summary>
internal sealed class LoraOptions
{
    public Option<string> Data { get; } = new("--data")
        { Description = "A folder with train.jsonl, valid.jsonl, and test.jsonl.", Required = true };

    public Option<string> AdapterPath { get; } =
        Text("--adapter-path", "adapters", "The folder for the adapter, the checkpoints, curves.png, and metrics.jsonl.");

    public Option<string> FineTuneType { get; } = Text("--fine-tune-type", "lora", "The fine-tuning method: lora, dora, or full.");

    public Option<int> Layers { get; } =
        Number("--num-layers", 16, "The number of layers to train, counted from the last one; 0 for all.", 0, 100_000);

    public Option<int> Rank { get; } = Number("--rank", 8, "The rank of the adapter.", 1, 4096);

    public Option<double> Scale { get; } = Number("--scale", 20.0, "The scale factor of the adapter.", 0, 1e6);

    public Option<double> Dropout { get; } = Number("--dropout", 0.0, "The dropout probability of the adapter's inputs.", 0, 0.999);

    public Option<string[]> Keys { get; } = new("--key")
        { Description = "A layer to adapt, such as self_attn.q_proj; can be repeated. By default, all layers." };

    public Option<int> BatchSize { get; } = Number("--batch-size", 4, "Texts in a batch.", 1, 1_000_000);

    public Option<int> Iterations { get; } = Number("--iters", 1000, "Batches to learn.", 1, int.MaxValue);

    public Option<double> LearningRate { get; } = Number("--learning-rate", 1e-5, "The peak learning rate.", 1e-12, 10);

    public Option<int> WarmUp { get; } = Number(
        "--warmup", 0, "The number of updates until the learning rate reaches its peak.", 0, int.MaxValue);

    public Option<string> Schedule { get; } =
        Text("--schedule", "constant", "The schedule of the learning rate after the warmup: constant, or cosine, which ends at 0.");

    public Option<string> OptimizerName { get; } = Text("--optimizer", "adam", "adam, adamw, muon, sgd or adafactor.");

    public Option<int> Accumulation { get; } = Number("--grad-accumulation-steps", 1, "Batches for one update.", 1, 1_000_000);

    public Option<double?> ClipNorm { get; } = new("--clip")
        { Description = "The maximum norm of the gradients. By default, there is no limit." };

    public Option<bool> Checkpointing { get; } = new("--grad-checkpoint")
        { Description = "Recompute layers for the gradient, which saves memory but takes more time." };

    public Option<bool> MasterWeights { get; } = new("--master-weights")
        { Description = "Keep float32 copies of float16 and bfloat16 parameters." };

    public Option<bool> MaskPrompt { get; } = new("--mask-prompt") { Description = "Learn answers only." };

    public Option<bool> Packed { get; } = new("--packed") { Description = "Fill rows of --max-seq-length tokens with several texts each." };

    public Option<int> MaxLength { get; } = Number("--max-seq-length", 2048, "The maximum number of tokens per text.", 2, 10_000_000);

    public Option<int> Seed { get; } = Number(
        "--seed", 0, "The seed of the adapter's initial weights, the order of the data, and dropout.", 0, int.MaxValue);

    public Option<int> Report { get; } = Number("--steps-per-report", 10, "Batches between two lines.", 1, int.MaxValue);

    public Option<int> Validation { get; } = Number("--steps-per-eval", 200, "Batches between two validations.", 1, int.MaxValue);

    public Option<int> ValidationBatches { get; } = Number("--val-batches", 25, "Batches of a validation; -1 for all.", -1, int.MaxValue);

    public Option<int> Save { get; } = Number("--save-every", 100, "Batches between two checkpoints.", 1, int.MaxValue);

    public Option<bool> Resume { get; } = new("--resume")
        { Description = "Continue from the last checkpoint in --adapter-path, bit for bit." };

    public Option<bool> Test { get; } = new("--test")
        { Description = "Compute the perplexity on test.jsonl: after training, or without training if there is no train.jsonl." };

    public static LoraOptions AddTo(Command command)
    {
        LoraOptions options = new();
        options.FineTuneType.AcceptOnlyFromAmong("lora", "dora", "full");
        options.Schedule.AcceptOnlyFromAmong("constant", "cosine");
        options.OptimizerName.AcceptOnlyFromAmong("adam", "adamw", "muon", "sgd", "adafactor");
        foreach (Option option in new Option[]
        {
            options.Data, options.AdapterPath, options.FineTuneType, options.Layers, options.Rank, options.Scale,
            options.Dropout, options.Keys,
            options.BatchSize, options.Iterations, options.LearningRate, options.WarmUp, options.Schedule, options.OptimizerName,
            options.Accumulation,
            options.ClipNorm, options.Checkpointing, options.MasterWeights, options.MaskPrompt, options.Packed,
            options.MaxLength, options.Seed,
            options.Report, options.Validation, options.ValidationBatches, options.Save, options.Resume, options.Test,
        })
        {
            command.Options.Add(option);
        }
        return options;
    }

    public FineTuningSettings Settings(ParseResult arguments) => new()
    {
        Method = arguments.GetValue(FineTuneType) switch { "dora" => FineTuningMethod.Dora, "full" => FineTuningMethod.Full, _ =>
            FineTuningMethod.Lora },
        Layers = arguments.GetValue(Layers),
        Lora = new()
        {
            Rank = arguments.GetValue(Rank), Scale = arguments.GetValue(Scale), Dropout = arguments.GetValue(Dropout),
            Keys = arguments.GetValue(Keys) is { Length: > 0 } keys ? keys : null,
        },
        BatchSize = arguments.GetValue(BatchSize),
        Iterations = arguments.GetValue(Iterations),
        AccumulationSteps = arguments.GetValue(Accumulation),

        // On a CPU, MLX compiles a step with a C++ compiler, which many machines lack and which rarely pays off.
        Compiled = Mx.DefaultDevice().Type == DeviceType.Gpu,
        MaxGradientNorm = arguments.GetValue(ClipNorm),
        GradientCheckpointing = arguments.GetValue(Checkpointing),
        MasterWeights = arguments.GetValue(MasterWeights),
        Seed = (ulong)arguments.GetValue(Seed),
        StepsPerReport = arguments.GetValue(Report),
        StepsPerValidation = arguments.GetValue(Validation),
        ValidationBatches = arguments.GetValue(ValidationBatches) is 0 ? -1 : arguments.GetValue(ValidationBatches),
        CheckpointFolder = Path.Combine(arguments.GetValue(AdapterPath)!, "checkpoints"),
        StepsPerCheckpoint = arguments.GetValue(Save),
    };

    public OptimizerBase Optimizer(ParseResult arguments)
    {
        double rate = arguments.GetValue(LearningRate);
        int updates = Math.Max(arguments.GetValue(Iterations) / arguments.GetValue(Accumulation), 1), warmUp = arguments.GetValue(WarmUp);
        bool cosine = arguments.GetValue(Schedule) == "cosine";
        if (!cosine && warmUp == 0)
        {
            return Make(rate, null, arguments.GetValue(OptimizerName)!);
        }
        Schedule main = cosine ? Schedules.CosineDecay(rate, Math.Max(updates - warmUp, 1)) : Schedules.LinearSchedule(rate, rate, 1);
        return Make(rate, warmUp == 0 ? main : Schedules.JoinSchedules([Schedules.LinearSchedule(0, rate, warmUp), main], [warmUp]),
            arguments.GetValue(OptimizerName)!);
    }

    private static OptimizerBase Make(double rate, Schedule? schedule, string name) => (name, schedule) switch
    {
        ("adamw", null) => new AdamW(rate),
        ("adamw", _) => new AdamW(schedule),
        ("muon", null) => new Muon(rate),
        ("muon", _) => new Muon(schedule),
        ("sgd", null) => new SGD(rate),
        ("sgd", _) => new SGD(schedule),
        ("adafactor", null) => new Adafactor(rate),
        ("adafactor", _) => new Adafactor(schedule),
        (_, null) => new Adam(rate),
        _ => new Adam(schedule),
    };

    private static Option<string> Text(string name, string otherwise, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => otherwise };

    private static Option<T> Number<T>(string name, T otherwise, string description, double minimum, double maximum)
    {
        Option<T> option = SamplingOptions.Number<T>(name, description, minimum, maximum);
        option.DefaultValueFactory = _ => otherwise;
        return option;
    }
}
