using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Perplexity;

/// <summary><c>dotnet mlx perplexity</c>: measures how well a model predicts a text.</summary>
internal static class PerplexityCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string?>("FILE") { Description = "A text file; without it, standard input is read to its end.",
            Arity = ArgumentArity.ZeroOrOne };
        Option<int> length = SamplingOptions.Number<int>("--sequence-length", "The number of tokens per piece of the text.", 2, 1 << 20);
        length.DefaultValueFactory = _ => 512;
        Option<int> batch = SamplingOptions.Number<int>("--batch-size", "Pieces computed at a time.", 1, 4096);
        batch.DefaultValueFactory = _ => 8;
        Option<int?> samples = SamplingOptions.Number<int?>("--samples", "Use only this number of pieces, from the beginning.", 1,
            int.MaxValue);
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new Command("perplexity",
            "Measures how well a model predicts a text; lower is better. Compare only models with the same tokenizer.")
        {
            file,
        };
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { length, batch, samples, json })
        {
            command.Options.Add(option);
        }
        command.SetAction(result =>
        {
            string text = result.GetValue(file) is { } path ? File.ReadAllText(path) : terminal.Input.ReadToEnd();
            using LanguageModel model = models.Load(result, terminal);
            int[][] pieces = Pieces(Prompts.Tokenizer(model).Encode(text), result.GetValue(length), result.GetValue(samples));
            Show(terminal, Losses(terminal, model, pieces, result.GetValue(batch)), pieces.Length, result.GetValue(json));
            return ToolCommand.Success;
        });
        return command;
    }

    /// <summary>Splits the text into pieces of equal length, as mlx-lm does; a shorter text is one piece.</summary>
    private static int[][] Pieces(int[] tokens, int length, int? most)
    {
        int count = Math.Min(tokens.Length / length, most ?? int.MaxValue);
        return count > 0
            ? [.. Enumerable.Range(0, count).Select(i => tokens[(i * length)..((i + 1) * length)])]
            : tokens.Length >= 2 ? [tokens] : throw new ToolException("the text is too short: it has fewer than two tokens.");
    }

    /// <summary>Returns the losses of all tokens except the first one of each piece.</summary>
    private static float[] Losses(Terminal terminal, LanguageModel model, int[][] pieces, int batchSize)
    {
        List<float> losses = [];
        int done = 0;
        foreach (int[][] batch in pieces.Chunk(batchSize))
        {
            using MlxScope scope = MlxScope.Begin();
            int length = batch[0].Length;
            MlxArray inputs = MlxArray.Create<int>([.. batch.SelectMany(piece => piece[..^1])], batch.Length, length - 1);
            MlxArray targets = MlxArray.Create<int>([.. batch.SelectMany(piece => piece[1..])], batch.Length, length - 1);
            MlxArray logits = model.Decoder.Forward(inputs).AsType(DType.Float32);
            losses.AddRange(NN.Losses.CrossEntropy(logits, targets).ToArray<float>());
            done += batch.Length;
            terminal.Progress($"{done} of {pieces.Length} pieces");
        }
        terminal.Progress("");
        return [.. losses];
    }

    private static void Show(Terminal terminal, float[] losses, int pieces, bool json)
    {
        double mean = losses.Average(loss => (double)loss);
        double variance = losses.Sum(loss => (loss - mean) * (loss - mean)) / Math.Max(1, losses.Length - 1);
        double perplexity = Math.Exp(mean), error = perplexity * Math.Sqrt(variance / losses.Length);
        if (json)
        {
            terminal.Json(new JsonObject
            {
                ["perplexity"] = perplexity, ["standard_error"] = error, ["loss"] = mean, ["tokens"] = losses.Length, ["pieces"] = pieces,
            });
            return;
        }
        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"perplexity {perplexity:F3} ± {error:F3} ({Units.Plural(losses.Length, "token")} in {Units.Plural(pieces, "piece")})"));
    }
}
