using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace DotMlx.Samples.Digits;

/// <summary>Runs the program as a function of its arguments, so that tests can call it.</summary>
internal static class DigitsCommand
{
    public const int Success = 0;
    public const int BadInput = 1;
    public const int Interrupted = 130;
    public const string CheckpointName = "checkpoint.safetensors";
    public const string CurvesName = "curves.png";

    public static int Run(string[] args, IAnsiConsole console, TextWriter errors, CancellationToken cancellation = default)
    {
        DigitsArguments.Parser parser = new();
        ParseResult result = parser.Parse(args);
        try
        {
            if (result.Action is { } help && result.Errors.Count == 0)
            {
                return result.Invoke(new InvocationConfiguration { Output = console.Profile.Out.Writer, Error = errors });
            }

            Train(parser.Read(result), console, cancellation);
            return Success;
        }
        catch (MlxException e) when (result.GetValue<bool>("--distributed"))
        {
            errors.WriteLine("digits: " + e.Message);
            return BadInput;
        }
        catch (UserErrorException e)
        {
            errors.WriteLine("digits: " + e.Message);
            return BadInput;
        }
        catch (OperationCanceledException)
        {
            errors.WriteLine("digits: interrupted; --resume continues after the last complete epoch.");
            return Interrupted;
        }
    }

    private static void Train(DigitsArguments arguments, IAnsiConsole console, CancellationToken cancellation)
    {
        Team? team = arguments.Distributed ? Team.Connect() : null;
        if (team is { IsFirst: false })
        {
            // Only one process writes output, but errors of the others also reach the user.
            console = Displays.Silent();
        }

        TextWriter output = console.Profile.Out.Writer;
        DigitsData data = DigitsData.Load(arguments.Data);
        string checkpoint = Path.Combine(arguments.Output, CheckpointName);
        Trainer trainer = arguments.Resume ? Resume(arguments, data, checkpoint, team) : new Trainer(arguments.ToSettings(), data, team);
        int first = trainer.History.Count + 1;
        int last = trainer.History.Count + arguments.Epochs;
        output.WriteLine(Library());
        if (team is not null)
        {
            output.WriteLine(team.Size == 1
                ? "one process: 'dotnet mlx launch -n N -- ...' starts several"
                : $"{team.Size} processes, {(trainer.Settings.BatchSize + team.Size - 1) / team.Size} of {trainer.Settings.BatchSize} digits each per step");
        }

        output.WriteLine(
            $"{data.Training.Count} digits for training, {data.HeldOut.Count} held "
            + $"out; {trainer.Settings.Optimizer}, epochs {first} to {last}");

        bool writes = team is null or { IsFirst: true };
        TimeSpan time = TrainEpochs(trainer, last, console, writes ? checkpoint : null, cancellation);
        if (!writes)
        {
            return;
        }

        Evaluation evaluation = trainer.EvaluateHeldOut();
        console.Write(ConfusionTable.Create(evaluation));
        string curves = Path.Combine(arguments.Output, CurvesName);
        Curves.Save(trainer.History, curves);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"held-out accuracy {evaluation.Accuracy * 100:F2} % ({evaluation.Correct} of {evaluation.Count}) after {last} epochs; "
            + $"trained for {time.TotalSeconds:F1} s"));
        output.WriteLine($"curves      {curves}");
        output.WriteLine($"checkpoint  {checkpoint}");
    }

    private static TimeSpan TrainEpochs(Trainer trainer, int last, IAnsiConsole console, string? checkpoint, CancellationToken cancellation)
    {
        long total = (long)(last - trainer.History.Count) * trainer.TrainingCount;
        long done = 0;
        float heldOut = trainer.History.Count > 0 ? trainer.History[^1].HeldOutAccuracy : float.NaN;
        var clock = Stopwatch.StartNew();
        Displays.For(console).Show((onBatch, onEpoch) =>
        {
            while (trainer.History.Count < last)
            {
                int epoch = trainer.History.Count + 1;
                EpochRecord record = trainer.TrainEpoch(
                    (examples, loss) =>
                    {
                        done += examples;
                        double rate = done / clock.Elapsed.TotalSeconds;
                        onBatch(new RunProgress(epoch, last, done, total, loss, heldOut, rate,
                            TimeSpan.FromSeconds((total - done) / rate)));
                    },
                    cancellation);
                heldOut = record.HeldOutAccuracy;
                if (checkpoint is not null)
                {
                    Checkpoint.Save(trainer, checkpoint);
                }

                onEpoch(epoch, record);
            }
        });
        return clock.Elapsed;
    }

    private static Trainer Resume(DigitsArguments arguments, DigitsData data, string checkpoint, Team? team)
    {
        (TrainingSettings settings, TreeDictionary state) = Checkpoint.Load(checkpoint, team);
        arguments.RequireAgreement(settings, checkpoint);
        var trainer = new Trainer(settings, data, team);
        Checkpoint.Restore(trainer, state, checkpoint);
        return trainer;
    }

    private static string Library() => MlxLibrary.Kind == MlxLibraryKind.Reference
        ? $"the reference library (no MLX is installed or chosen): {MlxLibrary.Path}"
        : $"MLX {MlxLibrary.MlxVersion}: {MlxLibrary.Path}";
}
