using System.CommandLine;
using DotMlx.LanguageModels;
using DotMlx.Server;
using DotMlx.Tool.Models;

namespace DotMlx.Tool.Serve;

/// <summary><c>dotnet mlx serve</c>: an HTTP server with OpenAI's interface.</summary>
internal static class ServeCommand
{
    private const string KeyVariable = "DOTMLX_API_KEY";

    public static Command Create(Terminal terminal)
    {
        var host = new Option<string>("--host") { Description = "The address to listen on; the default is reached from this machine only.",
            DefaultValueFactory = _ => "127.0.0.1" };
        Option<int> port = Number("--port", 8080, "The port; 0 takes a free one.", 0, 65535);
        var adapter = new Option<string[]>("--adapter")
            { Description = "NAME=FOLDER: an adapter that requests choose as their model; may be given several times." };
        Option<int> running = Number("--max-running", 64, "Texts that are generated at the same time.", 1, 4096);
        Option<int> waiting = Number("--max-waiting", 256, "Requests that wait; further ones are refused.", 0, 1_000_000);
        Option<int> tokens = Number("--max-tokens", 4096, "The most tokens of an answer.", 1, 10_000_000);
        Option<int> prompt = Number("--max-prompt-tokens", 32768, "The most tokens of a prompt.", 1, 10_000_000);
        Option<int> timeout = Number("--timeout", 600, "The most seconds of a request.", 1, 1_000_000);
        var command = new Command("serve", $"Serves a model with OpenAI's interface; with {KeyVariable} set, requests need that key.");
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
                    throw new ToolException($"--adapter is '{text}', expected NAME=FOLDER with a name of its own.");
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
