using System.CommandLine;
using System.Globalization;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Optimizers;
using DotMlx.Samples.CharLm;
using Checkpoint = DotMlx.Samples.CharLm.Checkpoint;
using Spectre.Console;

namespace DotMlx.Samples.Lora;

/// <summary>Runs the program as a function of its arguments, so that tests can call it.</summary>
internal static class LoraCommand
{
    private const int StepsBetweenChecks = 25;
    private const int ValidationBatches = 4;
    private const int GroupSize = 32;

    private static readonly Option<string> Base = Option("--base", Path.Combine("out", "charlm"),
        "Folder of the checkpoint that CharLm wrote.");
    private static readonly Option<string> Data = Option("--data", Path.Combine("src", "DotMlx", "NN"),
        "A folder with the text to learn, or a file.");
    private static readonly Option<string> Pattern = Option("--pattern", "*.cs", "The files of the folder to read.");
    private static readonly Option<string> Output = Option("--output", Path.Combine("out", "lora"),
        "Folder of the adapters and the fused model.");
    private static readonly Option<string> Prompt = Option("--prompt", "public ", "The beginning of the text that is generated at the end.");
    private static readonly Option<int> Steps = Option("--steps", 60, "Training steps.");
    private static readonly Option<int> Rank = Option("--rank", 8, "Rank of the adapter.");
    private static readonly Option<int> Bits = Option("--bits", 8, "Bits per weight of the quantized model: 2, 3, 4, 6, or 8.");
    private static readonly Option<float> LearningRate = Option("--learning-rate", 2e-3f, "Learning rate at the start.");
    private static readonly Option<int> Length = Option("--length", 300, "Characters to write at the end.");
    private static readonly Option<bool> Resume = new("--resume") { Description = "Continue from the last checkpoint in the output folder." };
    private static readonly Option<int> Seed = Option(
        "--seed", 1, "Seed of the adapter's initial weights, the order of the data, and sampling.");

    public static int Run(string[] args, IAnsiConsole console, TextWriter errors)
    {
        try
        {
            RootCommand command = new("Fine-tunes a quantized copy of the CharLm model on other text with low-rank adapters.")
            {
                Base, Data, Pattern, Output, Prompt, Steps, Rank, Bits, LearningRate, Length, Seed, Resume,
            };
            ParseResult result = command.Parse(args);
            if (result.Errors.Count > 0)
            {
                throw new UserErrorException(result.Errors[0].Message.TrimEnd('.') + " (--help lists the options).");
            }
            if (result.Action is { } help)
            {
                return result.Invoke(new InvocationConfiguration { Output = console.Profile.Out.Writer, Error = errors });
            }
            Check(result);
            FineTune(result, console);
            return 0;
        }
        catch (UserErrorException error)
        {
            errors.WriteLine("lora: " + error.Message);
            return 1;
        }
    }

    private static void FineTune(ParseResult arguments, IAnsiConsole console)
    {
        TextWriter output = console.Profile.Out.Writer;
        string folder = arguments.GetValue(Output)!, checkpoints = Path.Combine(folder, "checkpoints");
        TrainingSettings settings = Prepare(arguments, Path.Combine(folder, "base"));
        using LanguageModel model = LanguageModel.Load(Path.Combine(folder, "base"));
        FineTuningData data = FineTuningData.Load(Path.Combine(folder, "base"), model, new() { MaxLength = settings.Context });
        model.Quantize(QuantizationRecipe.Uniform(GroupSize, arguments.GetValue(Bits)));
        if (!arguments.GetValue(Resume) && Directory.Exists(checkpoints))
        {
            Directory.Delete(checkpoints, recursive: true);
        }

        // On a CPU, MLX compiles with a C++ compiler, which takes longer than these few steps.
        using FineTuner tuner = new(
            model, data,
            new()
            {
                Layers = 0, Lora = new() { Rank = arguments.GetValue(Rank), Scale = 2 },
                BatchSize = settings.BatchSize, Iterations = settings.Steps, MaxGradientNorm = 1, Seed = (ulong)settings.Seed,
                StepsPerReport = 1, StepsPerValidation = StepsBetweenChecks, ValidationBatches = ValidationBatches,
                CheckpointFolder = checkpoints, StepsPerCheckpoint = StepsBetweenChecks,
                Compiled = Mx.DefaultDevice().Type == DeviceType.Gpu,
            },
            new AdamW(Schedules.CosineDecay(settings.LearningRate, settings.Steps), weightDecay: 0, biasCorrection: true));
        if (arguments.GetValue(Resume))
        {
            output.WriteLine(tuner.Resume()
                ? $"continuing after step {tuner.Iteration}"
                : "there is no checkpoint yet, so the run starts from the beginning");
        }
        (long trained, long all) = tuner.ParameterCount;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{trained:N0} of {all:N0} numbers are trained; held-out loss {tuner.Evaluate(data.Valid!, ValidationBatches):F3}"));

        Train(tuner, settings, console);
        double after = tuner.Evaluate(data.Valid!, ValidationBatches);
        tuner.Adapter.Save(folder);
        tuner.Adapter.Fuse(dequantize: true);
        Save(model, Path.Combine(folder, "fused"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"held-out loss {after:F3}, fused {tuner.Evaluate(data.Valid!, ValidationBatches):F3}; saved in {folder}"));

        string prompt = arguments.GetValue(Prompt)!;
        output.WriteLine();
        output.Write(prompt);
        GenerationOptions sampling = new()
        {
            MaxTokens = Math.Max(arguments.GetValue(Length), 1), Temperature = 0.8, TopP = 0.95, Seed = (ulong)settings.Seed,
        };
        foreach (GeneratedToken next in arguments.GetValue(Length) > 0 ? model.Generate(prompt, sampling) : [])
        {
            output.Write(next.Text);
            output.Flush();
        }
        output.WriteLine();
    }

    /// <summary>Writes CharLm's model and the new text in the form that the fine-tuning API reads.</summary>
    private static TrainingSettings Prepare(ParseResult arguments, string folder)
    {
        (TrainingSettings saved, Vocabulary vocabulary, TreeDictionary state) =
            Checkpoint.Load(Path.Combine(arguments.GetValue(Base)!, Checkpoint.FileName));
        if (saved.Dims % GroupSize != 0)
        {
            throw new UserErrorException(
                $"the model's size {saved.Dims} isn't a multiple of {GroupSize}, so it can't be quantized: train one with --dims=96 or 128.");
        }
        TrainingSettings settings = saved with
        {
            Steps = arguments.GetValue(Steps), LearningRate = arguments.GetValue(LearningRate),
            Seed = arguments.GetValue(Seed), Dropout = 0f,
        };
        Corpus corpus = Corpus.Load(arguments.GetValue(Data)!, settings.Context, vocabulary, arguments.GetValue(Pattern)!);
        Decoder model = CharModel.Create(settings.Size(vocabulary));
        model.Update(state["model"]);
        ModelFolder.Write(folder, model, settings, vocabulary);
        ModelFolder.WriteData(folder, corpus, settings);
        return settings;
    }

    private static void Train(FineTuner tuner, TrainingSettings settings, IAnsiConsole console) =>
        Display.Run(console, tuner.Iteration, settings.Steps, settings.BatchSize * settings.Context, report =>
        {
            float? validation = null;
            tuner.Run(new Listener(progress =>
            {
                if (progress.Loss is { } loss)
                {
                    report(progress.Iteration, (float)loss, validation, progress.Elapsed);
                    validation = null;
                }
                validation = (float?)progress.ValidationLoss ?? validation;
            }));
        });

    private static void Save(LanguageModel model, string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
            model.Save(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write to '{folder}': {error.Message}", error);
        }
    }

    private static void Check(ParseResult result)
    {
        if (MlxLibrary.Kind == MlxLibraryKind.Reference)
        {
            throw new UserErrorException(
                "quantization needs MLX; the reference library is in use. Install MLX or name it in DOTMLX_LIBRARY.");
        }
        Require(result.GetValue(Steps) is >= 1 and <= 1_000_000, "--steps must be between 1 and 1,000,000.");
        Require(result.GetValue(Rank) is >= 1 and <= 64, "--rank must be between 1 and 64.");
        Require(result.GetValue(Bits) is 2 or 3 or 4 or 6 or 8, "--bits must be 2, 3, 4, 6 or 8.");
        Require(result.GetValue(LearningRate) is > 0f and <= 1f, "--learning-rate must be above 0 and at most 1.");
        Require(result.GetValue(Length) is >= 0 and <= 1_000_000, "--length must be between 0 and 1,000,000.");
        Require(result.GetValue(Seed) >= 0, "--seed must not be negative.");
        Require(result.GetValue(Prompt)!.Length > 0, "--prompt must have at least one character.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new UserErrorException(message);
        }
    }

    private static Option<T> Option<T>(string name, T otherwise, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => otherwise };

    private sealed class Listener(Action<FineTuningProgress> report) : IProgress<FineTuningProgress>
    {
        public void Report(FineTuningProgress value) => report(value);
    }
}
