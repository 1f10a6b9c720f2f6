using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DotMlx.Extensions.AI;
using DotMlx.LanguageModels;
using DotMlx.Tool.Models;
using Microsoft.Extensions.AI;

namespace DotMlx.Tool.Embed;

/// <summary><c>dotnet mlx embed</c>: computes a vector for each text.</summary>
internal static class EmbedCommand
{
    private static readonly JsonSerializerOptions Lines = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly Dictionary<string, EmbeddingPooling> Poolings = new()
    {
        ["mean"] = EmbeddingPooling.Mean, ["cls"] = EmbeddingPooling.FirstToken, ["last"] = EmbeddingPooling.LastToken,
    };

    public static Command Create(Terminal terminal)
    {
        var texts = new Argument<string[]>("TEXT") { Description = "The texts; without any, each line of standard input is a text.",
            Arity = ArgumentArity.ZeroOrMore };
        var pooling = new Option<string?>("--pooling") { Description = "mean, cls, or last. By default, the model's folder decides." };
        pooling.AcceptOnlyFromAmong([.. Poolings.Keys]);
        Option<int?> dimensions = SamplingOptions.Number<int?>("--dimensions", "Keep only the first elements of each vector.", 1,
            int.MaxValue);
        var raw = new Option<bool>("--no-normalize") { Description = "Don't normalize the vectors." };
        var command = new Command("embed",
            "Writes a line of JSON with a vector for each text. Encoders, such as BERT, and decoders both work.") { texts };
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { pooling, dimensions, raw })
        {
            command.Options.Add(option);
        }
        command.SetAction(result =>
        {
            using LanguageModel model = models.Load(result, terminal);
            string[] given = result.GetValue(texts)!;
            EmbeddingPooling? pool = result.GetValue(pooling) is { } name ? Poolings[name] : null;
            using MlxEmbeddingGenerator generator = new(model, new() { Pooling = pool, Normalize = !result.GetValue(raw) });
            Run(terminal, generator, given.Length > 0 ? given : ReadLines(terminal.Input), result.GetValue(dimensions));
            return ToolCommand.Success;
        });
        return command;
    }

    private static void Run(Terminal terminal, MlxEmbeddingGenerator generator, string[] texts, int? dimensions)
    {
        if (texts.Length == 0)
        {
            throw new ToolException("there is no text.");
        }
        GeneratedEmbeddings<Embedding<float>> vectors;
        try
        {
            vectors = generator.GenerateAsync(texts, new() { Dimensions = dimensions }).GetAwaiter().GetResult();
        }
        catch (ArgumentException exception)
        {
            throw new ToolException(exception.Message.Split(" (Parameter")[0]);
        }
        foreach ((string text, Embedding<float> vector) in texts.Zip(vectors))
        {
            JsonArray numbers = [.. vector.Vector.ToArray().Select(number => (JsonNode)number)];
            terminal.Line(new JsonObject { ["text"] = text, ["embedding"] = numbers }.ToJsonString(Lines));
        }
    }

    private static string[] ReadLines(TextReader input)
    {
        List<string> lines = [];
        while (input.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                lines.Add(line);
            }
        }
        return [.. lines];
    }
}
