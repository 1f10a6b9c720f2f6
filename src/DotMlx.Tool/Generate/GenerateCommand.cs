using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Generate;

/// <summary><c>dotnet mlx generate</c>: answers a prompt, or continues a text.</summary>
internal static class GenerateCommand
{
    private const int MaxTokens = 256;

    public static Command Create(Terminal terminal)
    {
        var prompt = new Option<string?>("--prompt",
            "-p") { Description = "The question or text; without it, standard input is read to its end." };
        var system = new Option<string?>("--system") { Description = "A system message before the prompt." };
        var raw = new Option<bool>("--raw") { Description = "Continue the text unchanged, without the model's chat template." };
        var json = new Option<bool>("--json") { Description = "Write JSON: the text, the reason why it ended, and counts." };
        var command = new Command("generate", "Answers a prompt, or continues a text with --raw.");
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { prompt, system, raw })
        {
            command.Options.Add(option);
        }
        SamplingOptions sampling = SamplingOptions.AddTo(command, MaxTokens);
        command.Options.Add(json);
        command.SetAction(result =>
        {
            using LanguageModel model = models.Load(result, terminal);
            string text = result.GetValue(prompt) ?? terminal.Input.ReadToEnd();
            int[] tokens = Prompts.Tokens(model, text, result.GetValue(system), result.GetValue(raw));
            Run(terminal, model, tokens, sampling.Read(result, model), result.GetValue(json));
            return ToolCommand.Success;
        });
        return command;
    }

    private static void Run(Terminal terminal, LanguageModel model, int[] prompt, GenerationOptions options, bool json)
    {
        StringBuilder text = new();
        Stopwatch clock = Stopwatch.StartNew();
        TimeSpan first = default;
        int count = 0;
        FinishReason? reason = null;
        foreach (GeneratedToken token in model.Generate(prompt, options))
        {
            if (count++ == 0)
            {
                first = clock.Elapsed;
            }
            reason = token.FinishReason;
            text.Append(token.Text);
            if (!json)
            {
                terminal.Output.Write(token.Text);
                terminal.Output.Flush();
            }
        }
        Speed speed = new(prompt.Length, first, count, clock.Elapsed);
        if (json)
        {
            terminal.Json(new JsonObject
            {
                ["text"] = text.ToString(), ["finish_reason"] = Name(reason), ["prompt_tokens"] = prompt.Length,
                    ["generated_tokens"] = count,
                ["prompt_tokens_per_second"] = Math.Round(speed.Prompt, 1), ["tokens_per_second"] = Math.Round(speed.Generation, 1),
            });
            return;
        }
        terminal.Line();
        terminal.Note(speed.ToString());
    }

    private static string Name(FinishReason? reason) => reason == FinishReason.Length ? "length" : "stop";
}

/// <summary>The speed of a generation.</summary>
/// <param name="PromptTokens">The tokens of the prompt that were computed.</param>
/// <param name="First">The time to the first token.</param>
/// <param name="Tokens">The tokens that were generated.</param>
/// <param name="All">The time to the last token.</param>
internal readonly record struct Speed(int PromptTokens, TimeSpan First, int Tokens, TimeSpan All)
{
    /// <summary>Tokens of the prompt per second.</summary>
    public double Prompt => First > TimeSpan.Zero ? PromptTokens / First.TotalSeconds : 0;

    /// <summary>Generated tokens per second, after the first one.</summary>
    public double Generation => Tokens > 1 && All > First ? (Tokens - 1) / (All - First).TotalSeconds : 0;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Units.Plural(PromptTokens, "prompt token")}, {Prompt:F1} tokens/s; {Units.Plural(Tokens, "token")}, {Generation:F1} tokens/s");
}
