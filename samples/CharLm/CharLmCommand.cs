using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DotMlx.LanguageModels.Architectures;
using Spectre.Console;

namespace DotMlx.Samples.CharLm;

/// <summary>Runs the program as a function of its arguments, so that tests can call it.</summary>
internal static class CharLmCommand
{
    public const int Success = 0;
    public const int BadInput = 1;
    public const int Interrupted = 130;
    private const int StepsBetweenChecks = 50;

    public static int Run(string[] args, IAnsiConsole console, TextWriter errors, CancellationToken cancellation = default)
    {
        try
        {
            CharLmArguments.Parser parser = new();
            ParseResult result = parser.Parse(args);
            if (result.Action is { } help && result.Errors.Count == 0)
            {
                return result.Invoke(new InvocationConfiguration { Output = console.Profile.Out.Writer, Error = errors });
            }
            CharLmArguments arguments = parser.Read(result);
            string path = Path.Combine(arguments.Output, Checkpoint.FileName);
            if (!arguments.GenerateOnly)
            {
                Train(arguments, path, console, cancellation);
            }
            Write(arguments, path, console, cancellation);
            return Success;
        }
        catch (UserErrorException error)
        {
            errors.WriteLine("charlm: " + error.Message);
            return BadInput;
        }
        catch (OperationCanceledException)
        {
            errors.WriteLine("charlm: interrupted; --resume continues.");
            return Interrupted;
        }
    }

    private static void Train(CharLmArguments arguments, string path, IAnsiConsole console, CancellationToken cancellation)
    {
        Trainer trainer;
        Corpus corpus;
        if (arguments.Resume)
        {
            (TrainingSettings settings, Vocabulary vocabulary, TreeDictionary state) = Checkpoint.Load(path);
            corpus = Corpus.Load(arguments.Data, settings.Context, vocabulary);
            trainer = new(settings, corpus);
            if (!state.ContainsKey("optimizer"))
            {
                throw new UserErrorException($"'{path}' holds no optimizer state to resume from.");
            }
            trainer.RestoreState(state);
        }
        else
        {
            corpus = Corpus.Load(arguments.Data, arguments.Settings.Context);
            trainer = new(arguments.Settings, corpus);
        }
        TextWriter output = console.Profile.Out.Writer;
        output.WriteLine(Library());
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{corpus.Length:N0} characters, {corpus.Vocabulary.Count} different; a model "
            + $"of {trainer.Model.ParameterCount():N0} parameters"));

        int first = trainer.StepsDone, last = trainer.Settings.Steps;
        Display.Run(console, first, last, trainer.Settings.BatchSize * trainer.Settings.Context, report =>
        {
            Stopwatch clock = Stopwatch.StartNew();
            while (trainer.StepsDone is var done && done < last)
            {
                if (cancellation.IsCancellationRequested)
                {
                    Checkpoint.Save(path, trainer.CaptureState(), trainer.Settings, corpus.Vocabulary);
                    cancellation.ThrowIfCancellationRequested();
                }
                float loss = trainer.TrainStep();
                bool check = (done + 1) % StepsBetweenChecks == 0 || done + 1 == last;
                report(done + 1, loss, check ? trainer.Validate() : null, clock.Elapsed);
                if (check)
                {
                    Checkpoint.Save(path, trainer.CaptureState(), trainer.Settings, corpus.Vocabulary);
                }
            }
        });
        output.WriteLine($"checkpoint  {path}");
    }

    private static void Write(CharLmArguments arguments, string path, IAnsiConsole console, CancellationToken cancellation)
    {
        (TrainingSettings settings, Vocabulary vocabulary, TreeDictionary state) = Checkpoint.Load(path);
        Decoder model = CharModel.Create(settings.Size(vocabulary));
        model.Update(state["model"]);
        Mx.Random.Seed((ulong)arguments.Settings.Seed);
        TextWriter output = console.Profile.Out.Writer;
        output.WriteLine();
        output.Write(arguments.Prompt);
        foreach (char next in new Sampler(model, vocabulary, settings.Context, arguments.Temperature, arguments.TopP)
            .Generate(arguments.Prompt, arguments.Length))
        {
            cancellation.ThrowIfCancellationRequested();
            output.Write(next);
            output.Flush();
        }
        output.WriteLine();
    }

    private static string Library() => MlxLibrary.Kind == MlxLibraryKind.Reference
        ? "the reference library (no MLX is installed or chosen): expect hours, not minutes"
        : $"MLX {MlxLibrary.MlxVersion}: {MlxLibrary.Path}";
}
