using DotMlx.LanguageModels;

namespace DotMlx.Server.Tests;

/// <summary>A server with a small model on a free port.</summary>
internal sealed class Served : IAsyncDisposable
{
    private Served(LanguageModel model, MlxServer server)
    {
        (Model, Server) = (model, server);
        Http = new() { BaseAddress = server.Address };
    }

    internal LanguageModel Model { get; }

    internal MlxServer Server { get; }

    internal HttpClient Http { get; }

    internal Uri Address => new(Server.Address, "v1");

    internal static async Task<Served> StartAsync(string name = "qwen3", Func<MlxServerOptions, MlxServerOptions>? change = null)
    {
        LanguageModel model = LanguageModel.Load(Path.Combine(AppContext.BaseDirectory, "models", name));
        MlxServerOptions options = new() { Url = "http://127.0.0.1:0" };
        MlxServer server = new(model, change?.Invoke(options) ?? options);
        await server.StartAsync();
        return new(model, server);
    }

    internal Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        Model.Dispose();
    }
}
