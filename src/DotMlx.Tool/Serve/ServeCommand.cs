using System.CommandLine;
using DotMlx.LanguageModels;
using DotMlx.Server;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Serve;

/// <summary><c>dotnet mlx serve</c>: runs an HTTP server with OpenAI's API.</summary>
internal static class ServeCommand
{
    private const string KeyVariable = "DOTMLX_API_KEY";

    public static Command Create(Terminal terminal)
    {
        var host = new Option<string>("--host")
        {
            Description = "The address to listen on; by default, only this machine can reach the server.",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        Option<int> port = Number("--port", 8080, "The port; 0 takes a free one.", 0, 65535);
        var adapter = new Option<string[]>("--adapter")
            { Description = "NAME=FOLDER: an adapter that requests select as their model; can be repeated." };
        Option<int> running = Number("--max-running", 64, "The maximum number of texts generated at the same time.", 1, 4096);
        Option<int> waiting = Number(
            "--max-waiting", 256, "The maximum number of waiting requests; further ones are refused.", 0, 1_000_000);
        Option<int> tokens = Number("--max-tokens", 4096, "The maximum number of tokens per answer.", 1, 10_000_000);
        Option<int> prompt = Number("--max-prompt-tokens", 32768, "The maximum number of tokens per prompt.", 1, 10_000_000);
        Option<int> timeout = Number("--timeout", 600, "The maximum duration of a request, in seconds.", 1, 1_000_000);
        var command = new Command("serve", $"Serves a model with OpenAI's API. If {KeyVariable} is set, requests need that key.");
        ModelOptions models = ModelOptions.AddTo(command);
        foreach (Option option in new Option[] { host, port, adapter, running, waiting, tokens, prompt, timeout })
        {
            command.Options.Add(option);
        }
        command.SetAction(async (result, cancellationToken) =>
        {
            Dictionary<string, string> adapters = new(StringComparer.Ordinal);
            foreach (string text in result.GetValue(adapter) ?? [])
            {
                if (text.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } folder] || !adapters.TryAdd(name, folder))
                {
                    throw new ToolException($"--adapter is '{text}', expected NAME=FOLDER with a unique name.");
                }
            }
            using LanguageModel model = models.Load(result, terminal);
            string address = result.GetValue(host)!;
            MlxServerOptions options = new()
            {
                Url = $"http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{result.GetValue(port)}",
                Adapters = adapters,
                ApiKey = Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : null,
                MaxTokens = result.GetValue(tokens),
                MaxPromptTokens = result.GetValue(prompt),
                Timeout = TimeSpan.FromSeconds(result.GetValue(timeout)),
                Scheduler = new() { MaxRunning = result.GetValue(running), MaxWaiting = result.GetValue(waiting) },
            };
            MlxServer server;
            try
            {
                server = new(model, options);
            }
            catch (ArgumentException exception)
            {
                throw new ToolException(exception.Message.Split(" (Parameter")[0]);
            }
            await using (server)
            {
                await server.StartAsync(cancellationToken);
                terminal.Line($"listening on {server.Address}v1, Ctrl+C ends it");
                try
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    await server.StopAsync(CancellationToken.None);
                }
            }
            return ToolCommand.Success;
        });
        return command;
    }

    private static Option<int> Number(string name, int otherwise, string description, int minimum, int maximum)
    {
        Option<int> option = SamplingOptions.Number<int>(name, description, minimum, maximum);
        option.DefaultValueFactory = _ => otherwise;
        return option;
    }
}
