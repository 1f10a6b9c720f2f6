using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DotMlx.LanguageModels.Tests.Hub;

/// <summary>
/// A server on the loopback interface that answers like the hub: it lists files, redirects large ones to another host, and serves ranges.
/// </summary>
internal sealed class TestHub : IAsyncDisposable
{
    internal const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly WebApplication _application;
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    private TestHub(WebApplication application) => _application = application;

    /// <summary>The name of the only repository.</summary>
    internal string Repository { get; } = "org/name";

    /// <summary>The size from which files are stored as the hub stores large files: on another host, with a SHA-256.</summary>
    internal int LargeFrom { get; set; } = 10_000;

    /// <summary>The token that the repository requires, or null.</summary>
    internal string? Token { get; set; }

    /// <summary>The number of bytes after which the storage host closes each connection, or null.</summary>
    internal int? CutAfter { get; set; }

    /// <summary>Whether the storage host ignores ranges.</summary>
    internal bool IgnoresRanges { get; set; }

    /// <summary>Replaces the listing of the files.</summary>
    internal Func<string, string>? ChangeListing { get; set; }

    /// <summary>Changes the content that is sent of a file.</summary>
    internal Func<string, byte[], byte[]>? ChangeFile { get; set; }

    /// <summary>Answers a request in place of the hub; returns true if it did.</summary>
    internal Func<HttpContext, Task<bool>>? Intercept { get; set; }

    /// <summary>The requests so far: path, range, and whether they had a token.</summary>
    internal ConcurrentQueue<(string Host, string Path, string Range, bool HasToken)> Requests { get; } = [];

    internal Uri Endpoint => new($"http://127.0.0.1:{Port}");

    private int Port => new Uri(_application.Urls.First()).Port;

    internal static async Task<TestHub> StartAsync(string folder)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        TestHub hub = new(builder.Build());
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            hub._files[Path.GetFileName(file)] = await File.ReadAllBytesAsync(file);
        }
        hub._application.Run(hub.AnswerAsync);
        await hub._application.StartAsync();
        return hub;
    }

    internal void Add(string name, byte[] contents) => _files[name] = contents;

    internal void Remove(string name) => _files.Remove(name);

    internal string DigestOf(string name) => _files[name] is { } contents && contents.Length >= LargeFrom
        ? Convert.ToHexStringLower(SHA256.HashData(contents))
        : GitDigest(_files[name]);

    private static string GitDigest(byte[] contents)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {contents.Length}\0"));
        hash.AppendData(contents);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string path = Uri.UnescapeDataString(context.Request.Path.Value!);
        Requests.Enqueue((context.Request.Host.Host, path, context.Request.Headers.Range.ToString(),
            context.Request.Headers.Authorization.Count > 0));
        if (Intercept is { } intercept && await intercept(context))
        {
            return;
        }
        if (path.StartsWith("/storage/", StringComparison.Ordinal))
        {
            await SendAsync(context, path["/storage/".Length..]);
            return;
        }
        if (Token is not null && context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            Refuse(context, 401, "GatedRepo");
        }
        else if (path.StartsWith($"/api/models/{Repository}/revision/", StringComparison.Ordinal))
        {
            string revision = path[$"/api/models/{Repository}/revision/".Length..];
            if (revision is not ("main" or Commit))
            {
                Refuse(context, 404, "RevisionNotFound");
                return;
            }
            await context.Response.WriteAsync(ChangeListing?.Invoke(Listing()) ?? Listing());
        }
        else if (path.StartsWith($"/{Repository}/resolve/{Commit}/", StringComparison.Ordinal)
            && path[$"/{Repository}/resolve/{Commit}/".Length..] is { } name && _files.TryGetValue(name, out byte[]? contents))
        {
            if (contents.Length < LargeFrom)
            {
                await SendAsync(context, name);
                return;
            }
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = $"http://localhost:{Port}/storage/{name}";
        }
        else
        {
            Refuse(context, 404, path.StartsWith("/api/", StringComparison.Ordinal) ? "RepoNotFound" : "EntryNotFound");
        }
    }

    private static void Refuse(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Error-Code"] = code;
    }

    private string Listing() => JsonSerializer.Serialize(new
    {
        sha = Commit,
        siblings = _files.Select(file => file.Value.Length >= LargeFrom
            ? (object)new { rfilename = file.Key, size = file.Value.Length, blobId = new string('0', 40),
                lfs = new { sha256 = DigestOf(file.Key), size = file.Value.Length, pointerSize = 130 } }
            : new { rfilename = file.Key, size = file.Value.Length, blobId = DigestOf(file.Key) }),
    });

    private async Task SendAsync(HttpContext context, string name)
    {
        byte[] contents = ChangeFile?.Invoke(name, _files[name]) ?? _files[name];
        int from = 0;
        if (!IgnoresRanges && context.Request.GetTypedHeaders().Range?.Ranges.First().From is { } start)
        {
            from = (int)start;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{contents.Length - 1}/{contents.Length}";
        }
        context.Response.ContentLength = contents.Length - from;
        int count = contents.Length - from;
        bool cut = context.Request.Path.StartsWithSegments("/storage") && CutAfter < count;
        await context.Response.Body.WriteAsync(contents.AsMemory(from, cut ? CutAfter!.Value : count));
        if (cut)
        {
            await context.Response.Body.FlushAsync();

            // A reset may discard data that the other side has not read yet.
            await Task.Delay(50);
            context.Abort();
        }
    }
}
