using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DotMlx.Extensions.AI;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.FineTuning;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>
/// An HTTP server with an OpenAI-compatible API for one model and its adapters. The endpoints are <c>/v1/chat/completions</c>,
/// <c>/v1/completions</c>, <c>/v1/embeddings</c>, <c>/v1/models</c>, <c>/health</c>, and <c>/metrics</c>. Concurrent requests are computed
/// in batches.
/// </summary>
/// <remarks>The server listens on the loopback interface unless the options specify another address.</remarks>
/// <example><code>
/// using LanguageModel model = LanguageModel.Load("models/qwen3");
/// await using MlxServer server = new(model, new() { Adapters = new Dictionary&lt;string, string&gt; { ["poet"] = "adapters" } });
/// await server.RunAsync();
/// </code></example>
public sealed class MlxServer : IAsyncDisposable
{
    private readonly LanguageModel _model;
    private readonly MlxServerOptions _options;
    private readonly WebApplication _app;
    private readonly GenerationScheduler? _scheduler;
    private readonly MlxEmbeddingGenerator? _embeddings;
    private readonly SemaphoreSlim _encoder = new(1);
    private readonly Dictionary<string, ServedModel> _served = new(StringComparer.Ordinal);
    private readonly ServerMetrics _metrics = new();
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Creates a server and loads its adapters. <see cref="StartAsync"/> opens the port.</summary>
    /// <param name="model">
    /// The model, a decoder or an encoder. The server doesn't dispose of it. Nothing else may switch its adapter.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    /// <exception cref="FileNotFoundException">A file of an adapter is missing.</exception>
    /// <exception cref="InvalidDataException">An adapter doesn't fit the model.</exception>
    /// <exception cref="NotSupportedException">
    /// An adapter has an unsupported type, or the model isn't a decoder and can't use adapters.
    /// </exception>
    public MlxServer(LanguageModel model, MlxServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _options) = (model, options ?? new());
        if (!Uri.TryCreate(_options.Url, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException($"'{_options.Url}' isn't an address to listen on; expected one such as http://127.0.0.1:8080.",
                nameof(options));
        }
        string id = _options.ModelId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model.Folder)));
        _scheduler = model.Model is LanguageModels.Architectures.Decoder ? new(model, _options.Scheduler) : null;
        _embeddings = model.Tokenizer is null ? null : new(model, new() { ModelId = id });
        _served[id] = new(id, model, null, _scheduler, _options);
        foreach ((string name, string folder) in _options.Adapters)
        {
            if (!_served.TryAdd(name, new(name, model, Adapter.Load(model, folder), _scheduler, _options)))
            {
                throw new ArgumentException($"The adapter in '{folder}' has the name '{name}', which is already in use.", nameof(options));
            }
        }
        _app = Build(url);
    }

    /// <summary>The address that the server listens on after it has started.</summary>
    /// <exception cref="InvalidOperationException">The server hasn't started.</exception>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault()
        ?? throw new InvalidOperationException("The server has not started."));

    /// <summary>Starts the server.</summary>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="IOException">The port is in use.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) => _app.StartAsync(cancellationToken);

    /// <summary>Runs the server until the token, Ctrl+C, or SIGTERM stops it. Requests in progress are canceled.</summary>
    /// <param name="cancellationToken">Stops the server.</param>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await _app.WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops the server. It accepts no new requests and cancels requests in progress.</summary>
    /// <param name="cancellationToken">Cancels the wait for requests in progress.</param>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Stops the server and frees the adapters.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        if (_scheduler is not null)
        {
            await _scheduler.DisposeAsync().ConfigureAwait(false);
        }
        foreach (ServedModel served in _served.Values)
        {
            served.Dispose();
        }
        _embeddings?.Dispose();
        _encoder.Dispose();
    }

    internal static async Task WriteAsync(HttpResponse response, JsonObject json, CancellationToken cancellationToken)
    {
        response.ContentType = "application/json";
        await response.WriteAsync(json.ToJsonString(), cancellationToken).ConfigureAwait(false);
    }

    private WebApplication Build(Uri url)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(url.ToString()).ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = _options.MaxRequestBytes);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        WebApplication app = builder.Build();
        bool local = url.IsLoopback;
        app.Use(async (context, next) =>
        {
            if (local && !IsLocal(context.Request.Host.Host))
            {
                // Blocks DNS rebinding, where a web page resolves its own host name to this machine.
                await FailAsync(context, new(StatusCodes.Status421MisdirectedRequest, "This server answers only requests to localhost."))
                    .ConfigureAwait(false);
                return;
            }
            await next(context).ConfigureAwait(false);
        });
        app.MapGet("/health", context => WriteAsync(context.Response, new()
        {
            ["status"] = "ok", ["running"] = _scheduler?.Running ?? 0, ["waiting"] = _scheduler?.Waiting ?? 0,
        }, context.RequestAborted));
        Map(app, "GET", "/metrics", async (context, cancellationToken) =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4";
            await context.Response.WriteAsync(_metrics.Text(_scheduler?.Running ?? 0, _scheduler?.Waiting ?? 0), cancellationToken)
                .ConfigureAwait(false);
        });
        Map(app, "GET", "/v1/models", (context, cancellationToken) => WriteAsync(
            context.Response, new() { ["object"] = "list", ["data"] = new JsonArray([.. _served.Keys.Select(Describe)]) },
            cancellationToken));
        Map(app, "GET", "/v1/models/{id}", (context, cancellationToken) =>
            WriteAsync(context.Response, Describe(Find((string)context.Request.RouteValues["id"]!).Id), cancellationToken));
        MapModel(app, "/v1/chat/completions", (model, fields, response, token) =>
            ChatEndpoint.HandleAsync(model, fields, response, _metrics, token));
        MapModel(app, "/v1/completions", (model, fields, response, token) =>
            CompletionEndpoint.HandleAsync(model, _model, _options, fields, response, _metrics, token));
        MapModel(app, "/v1/embeddings", (model, fields, response, token) =>
            EmbeddingEndpoint.HandleAsync(model, EmbedAsync, _options, fields, response, _metrics, token));
        app.MapFallback(context => FailAsync(context, new(
            StatusCodes.Status404NotFound, $"There is no '{context.Request.Method} {context.Request.Path}' here.", code: "unknown_url")));
        return app;
    }

    private void MapModel(WebApplication app, string path,
        Func<ServedModel, RequestFields, HttpResponse, CancellationToken, Task> handle) =>
        Map(app, "POST", path, async (context, cancellationToken) =>
        {
            RequestFields fields = await RequestFields.ReadAsync(context.Request, cancellationToken).ConfigureAwait(false);
            await handle(Find(fields.Text("model")), fields, context.Response, cancellationToken).ConfigureAwait(false);
        });

    /// <summary>Maps an endpoint with authorization, the request timeout, and errors in the format of the OpenAI API.</summary>
    private void Map(WebApplication app, string method, string path, Func<HttpContext, CancellationToken, Task> handle) =>
        app.MapMethods(path, [method], async context =>
        {
            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(
                context.RequestAborted, app.Lifetime.ApplicationStopping);
            source.CancelAfter(_options.Timeout);
            try
            {
                Authorize(context.Request);
                await handle(context, source.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The client has disconnected, so no response is possible.
                _metrics.Answered(path, 499);
                return;
            }
#pragma warning disable CA1031 // Every error gets a response.
            catch (Exception error)
#pragma warning restore CA1031
            {
                await FailAsync(context, Explain(error, app.Lifetime.ApplicationStopping.IsCancellationRequested)).ConfigureAwait(false);
            }
            _metrics.Answered(path, context.Response.StatusCode);
        });

    private ApiException Explain(Exception error, bool stopping) => error switch
    {
        ApiException known => known,
        QueueFullException => new(StatusCodes.Status429TooManyRequests, error.Message, code: "queue_full"),
        BadHttpRequestException bad => new(bad.StatusCode, bad.Message),
        OperationCanceledException or ObjectDisposedException => stopping
            ? new(StatusCodes.Status503ServiceUnavailable, "The server is being stopped.")
            : new(StatusCodes.Status408RequestTimeout, $"The request took more than {_options.Timeout.TotalSeconds:0} seconds."),
        ArgumentException or NotSupportedException or ChatTemplateException or InvalidDataException => ApiException.Bad(error.Message),
        _ => new(StatusCodes.Status500InternalServerError, $"The request failed: {error.Message}"),
    };

    private static async Task FailAsync(HttpContext context, ApiException error)
    {
        if (EventStream.HasBegun(context.Response))
        {
            await new EventStream(context.Response).SendAsync(error.ToJson(), CancellationToken.None).ConfigureAwait(false);
            return;
        }
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = error.Status;
        if (error.Status == StatusCodes.Status429TooManyRequests)
        {
            context.Response.Headers.RetryAfter = "1";
        }
        await WriteAsync(context.Response, error.ToJson(), CancellationToken.None).ConfigureAwait(false);
    }

    private void Authorize(HttpRequest request)
    {
        if (_options.ApiKey is { } key && !CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes("Bearer " + key)),
            SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString()))))
        {
            throw new ApiException(StatusCodes.Status401Unauthorized, "The request has no valid API key: send 'Authorization: Bearer KEY'.",
                code: "invalid_api_key");
        }
    }

    private static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private ServedModel Find(string? id) => id is null
        ? _served.Values.First(served => served.Adapter is null)
        : _served.TryGetValue(id, out ServedModel? found)
            ? found
            : throw new ApiException(
                StatusCodes.Status404NotFound,
                $"The model '{id}' isn't served here; expected one of {string.Join(", ", _served.Keys.Select(name => $"'{name}'"))}.",
                "model", "model_not_found");

    private JsonObject Describe(string id) => new() { ["id"] = id, ["object"] = "model", ["created"] = _created, ["owned_by"] = "dotmlx" };

    private async Task<GeneratedEmbeddings<Embedding<float>>> EmbedAsync(
        List<string> texts, EmbeddingGenerationOptions options, CancellationToken cancellationToken)
    {
        MlxEmbeddingGenerator generator = _embeddings
            ?? throw ApiException.Bad("The model has no tokenizer, so it cannot read texts.", "model");
        if (_scheduler is not null)
        {
            return await _scheduler.UseAsync(() => generator.GenerateAsync(texts, options, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        await _encoder.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await generator.GenerateAsync(texts, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _encoder.Release();
        }
    }
}
