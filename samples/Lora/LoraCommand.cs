using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Samples.CharLm;
using Spectre.Console;

namespace DotMlx.Samples.Lora;

/// <summary>The program as a function of its arguments, so that tests can call it.</summary>
internal static class LoraCommand
{
    private const int StepsBetweenChecks = 25;

    private static readonly Option<string> Base = Option("--base", Path.Combine("out", "charlm"),
        "Folder of the checkpoint that CharLm wrote.");
    private static readonly Option<string> Data = Option("--data", Path.Combine("src", "DotMlx", "NN"),
        "A folder with the text to learn, or a file.");
    private static readonly Option<string> Pattern = Option("--pattern", "*.cs", "Which files of the folder are read.");
    private static readonly Option<string> Output = Option("--output", Path.Combine("out", "lora"),
        "Folder of the adapters and the fused model.");
    private static readonly Option<string> Prompt = Option("--prompt", "public ", "What the text written at the end begins with.");
    private static readonly Option<int> Steps = Option("--steps", 60, "Training steps.");
    private static readonly Option<int> Rank = Option("--rank", 8, "Rank of the corrections.");
    private static readonly Option<int> Bits = Option("--bits", 8, "Bits per weight of the quantized model: 2, 3, 4, 6 or 8.");
    private static readonly Option<float> LearningRate = Option("--learning-rate", 2e-3f, "Learning rate at the start.");
    private static readonly Option<int> Length = Option("--length", 300, "Characters to write at the end.");
    private static readonly Option<int> Seed = Option("--seed", 1, "Seed of corrections, pieces and drawn characters.");

    public static int Run(string[] args, IAnsiConsole console, TextWriter errors)
    {
        try
        {
            RootCommand command = new("Fine-tunes a quantized copy of the CharLm model on other text with low-rank adapters.")
            {
                Base, Data, Pattern, Output, Prompt, Steps, Rank, Bits, LearningRate, Length, Seed,
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
        (TrainingSettings saved, Vocabulary vocabulary, TreeDictionary state) =
            Checkpoint.Load(Path.Combine(arguments.GetValue(Base)!, Checkpoint.FileName));
        if (saved.Dims % 32 != 0)
        {
            throw new UserErrorException($"the model's size {saved.Dims} is no multiple of 32, so it cannot "
                + $"be quantized: train one with --dims=96 or 128.");
        }
        TrainingSettings settings = saved with
        {
            Steps = arguments.GetValue(Steps), LearningRate = arguments.GetValue(LearningRate),
            Seed = arguments.GetValue(Seed), Dropout = 0f,
        };
        Corpus corpus = Corpus.Load(arguments.GetValue(Data)!, settings.Context, vocabulary, arguments.GetValue(Pattern)!);
        Mx.Random.Seed((ulong)settings.Seed);
        Decoder model = CharModel.Create(settings.Size(vocabulary));
        model.Update(state["model"]);
        long whole = model.ParameterCount();
        float before = AdapterTrainer.Validate(model, corpus, settings);

        Adapters.Attach(model, arguments.GetValue(Bits), arguments.GetValue(Rank), scale: 2f);
        long trained = model.TrainableParameters().Leaves.Sum(array => array.Size);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{corpus.Length:N0} characters of new text; {trained:N0} of {whole:N0} numbers are trained; held-out "
            + $"loss {before:F3} before, quantized {AdapterTrainer.Validate(model, corpus, settings):F3}"));

        Train(new AdapterTrainer(model, corpus, settings), model, corpus, settings, console);
        float after = AdapterTrainer.Validate(model, corpus, settings);
        string folder = arguments.GetValue(Output)!;
        Save(model, settings, vocabulary, folder);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"held-out loss {after:F3}, fused {AdapterTrainer.Validate(model, corpus, settings):F3}; saved in {folder}"));

        string prompt = arguments.GetValue(Prompt)!;
        output.WriteLine();
        output.Write(prompt);
        foreach (char next in new Sampler(model, vocabulary, settings.Context, temperature: 0.8f, topP: 0.95f).Generate(prompt,
            arguments.GetValue(Length)))
        {
            output.Write(next);
            output.Flush();
        }
        output.WriteLine();
    }

    private static void Train(AdapterTrainer trainer, Decoder model, Corpus corpus, TrainingSettings settings, IAnsiConsole console) =>
        Display.Run(console, 0, settings.Steps, settings.BatchSize * settings.Context, report =>
        {
            Stopwatch clock = Stopwatch.StartNew();
            for (int step = 1; step <= settings.Steps; step++)
            {
                float loss = trainer.TrainStep(step);
                bool check = step % StepsBetweenChecks == 0 || step == settings.Steps;
                report(step, loss, check ? AdapterTrainer.Validate(model, corpus, settings) : null, clock.Elapsed);
            }
        });

    private static void Save(Decoder model, TrainingSettings settings, Vocabulary vocabulary, string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            Mx.SaveSafetensors(Path.Combine(folder, "adapters.safetensors"), model.TrainableParameters().Flatten());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write to '{folder}': {error.Message}", error);
        }
        Adapters.Fuse(model);
        Checkpoint.Save(Path.Combine(folder, Checkpoint.FileName), new TreeDictionary { ["model"] = model.Parameters() },
            settings, vocabulary);
    }

    private static void Check(ParseResult result)
    {
        if (MlxLibrary.Kind == MlxLibraryKind.Reference)
        {
            throw new UserErrorException("quantization needs MLX; the reference library is in use. Install "
                + "MLX or name it in DOTMLX_LIBRARY.");
        }
        Require(result.GetValue(Steps) is >= 1 and <= 1_000_000, "--steps must lie between 1 and 1,000,000.");
        Require(result.GetValue(Rank) is >= 1 and <= 64, "--rank must lie between 1 and 64.");
        Require(result.GetValue(Bits) is 2 or 3 or 4 or 6 or 8, "--bits must be 2, 3, 4, 6 or 8.");
        Require(result.GetValue(LearningRate) is > 0f and <= 1f, "--learning-rate must be above 0 and at most 1.");
        Require(result.GetValue(Length) is >= 0 and <= 1_000_000, "--length must lie between 0 and 1,000,000.");
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
}
