using System.CommandLine;
using System.Globalization;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Lora;

/// <summary><c>dotnet mlx lora</c>: fine-tunes a model on JSON lines.</summary>
internal static class LoraCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("lora", "Fine-tunes a model: LoRA, DoRA, or all weights. A run that was killed continues with --resume.");
        ModelOptions models = ModelOptions.AddTo(command);
        LoraOptions options = LoraOptions.AddTo(command);
        command.SetAction((result, cancellationToken) => Task.Run(
            () =>
            {
                Run(terminal, result, models, options, cancellationToken);
                return ToolCommand.Success;
            },
            CancellationToken.None));
        return command;
    }

    private static void Run(Terminal terminal, ParseResult arguments, ModelOptions models, LoraOptions options,
        CancellationToken cancellationToken)
    {
        using LanguageModel model = models.Load(arguments, terminal);
        string folder = arguments.GetValue(options.AdapterPath)!;
        try
        {
            FineTuningData data = FineTuningData.Load(
                arguments.GetValue(options.Data)!, model,
                new() { MaskPrompt = arguments.GetValue(options.MaskPrompt), Packed = arguments.GetValue(options.Packed),
                    MaxLength = arguments.GetValue(options.MaxLength) },
                cancellationToken);
            bool tests = arguments.GetValue(options.Test);
            if (data.Train is null && !tests)
            {
                throw new ToolException($"'{arguments.GetValue(options.Data)}' has no train.jsonl; --test alone needs test.jsonl.");
            }
            if (tests && data.Test is null)
            {
                throw new ToolException($"'{arguments.GetValue(options.Data)}' has no test.jsonl, which --test needs.");
            }
            Note(terminal, data.Train);
            using FineTuner tuner = new(model, data, options.Settings(arguments), options.Optimizer(arguments));
            if (data.Train is not null)
            {
                Train(terminal, tuner, folder, arguments.GetValue(options.Resume), cancellationToken);
            }
            else if (File.Exists(Path.Combine(folder, AdapterConfig.FileName)))
            {
                model.Adapter = Adapter.Load(model, folder);
            }
            if (tests)
            {
                double loss = tuner.Evaluate(data.Test!, cancellationToken: cancellationToken);
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"test loss {loss:F3}, perplexity {Math.Exp(loss):F3}"));
            }
        }
        catch (ArgumentException exception)
        {
            throw new ToolException(exception.Message.Split(" (Parameter")[0]);
        }
    }

    private static void Train(Terminal terminal, FineTuner tuner, string folder, bool resume, CancellationToken cancellationToken)
    {
        string checkpoints = tuner.Settings.CheckpointFolder!;
        if (resume)
        {
            terminal.Line(tuner.Resume()
                ? $"continuing after batch {Units.Count(tuner.Iteration)}"
                : "there is no checkpoint yet, so the run starts from the beginning");
        }
        else if (Directory.Exists(checkpoints) && Directory.EnumerateFileSystemEntries(checkpoints).Any())
        {
            throw new ToolException($"'{folder}' has checkpoints of an earlier run: continue with --resume, or "
                + $"choose another --adapter-path.");
        }
        Directory.CreateDirectory(folder);
        (long trained, long all) = tuner.ParameterCount;
        terminal.Line(string.Create(CultureInfo.InvariantCulture,
            $"{Units.Count(trained)} of {Units.Count(all)} parameters are trained ({100.0 * trained / all:F3} %)"));
        using RunLog log = new(terminal, folder, tuner.Iteration);
        try
        {
            tuner.Run(log, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            tuner.SaveCheckpoint();
            terminal.Line($"stopped after batch {Units.Count(tuner.Iteration)}; --resume continues");
            throw;
        }
        finally
        {
            log.Draw();
        }
        tuner.Adapter.Save(folder);
        terminal.Line($"the adapter is in {folder}");
    }

    private static void Note(Terminal terminal, ExampleSet? set)
    {
        if (set is { Truncated: > 0 })
        {
            terminal.Note($"truncated {Units.Plural(set.Truncated, "text")} of '{set.Path}' "
                + $"to {Units.Count(set.Options.MaxLength)} tokens");
        }
        if (set is { Skipped: > 0 })
        {
            terminal.Note($"skipped {Units.Plural(set.Skipped, "line")} of '{set.Path}' without tokens to learn");
        }
    }
}
