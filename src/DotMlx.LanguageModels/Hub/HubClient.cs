using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DotMlx.LanguageModels.Hub;

/// <summary>Sends requests to the hub.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;

    private readonly HttpClient _http;
    private readonly HubOptions _options;
    private readonly Uri _endpoint;
    private readonly string? _token;
    private readonly string _repository;

    internal HubClient(string repository, HubOptions options)
    {
        _repository = repository;
        _options = options;
        Uri endpoint = options.Endpoint ?? HubEnvironment.Endpoint;
        _endpoint = endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");
        _token = options.Token ?? HubEnvironment.Token;

        // Redirects are followed here, because the token must not reach another host.
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false,
            ConnectTimeout = options.StallTimeout }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new("DotMlx", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Returns the commit of a revision and its files.</summary>
    internal async Task<(string Commit, IReadOnlyList<HubFile> Files)> ListAsync(CancellationToken cancellationToken)
    {
        Uri address = new(_endpoint, $"api/models/{_repository}/revision/{Uri.EscapeDataString(_options.Revision)}?blobs=true");
        string text = await TryAsync(
            $"list the files of '{_repository}'",
            async token =>
            {
                using HttpResponseMessage response = await SendAsync(address, null, token).ConfigureAwait(false);
                return await response.Content.ReadAsStringAsync(token).ConfigureAwait(false);
            },
            () => 0,
            cancellationToken).ConfigureAwait(false);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            string commit = document.RootElement.GetProperty("sha").GetString() ?? "";
            if (!ModelHub.IsCommit(commit))
            {
                throw new JsonException($"'{commit}' isn't a commit");
            }
            return (commit, [.. document.RootElement.GetProperty("siblings").EnumerateArray().Select(ReadFile)]);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw new HubException($"The answer of {address} isn't a list of files: {exception.Message}.", exception);
        }
    }

    /// <summary>Downloads a file to a path, continues a partial download, and checks size and digest.</summary>
    internal async Task DownloadAsync(string commit, HubFile file, string path, Action<long> report, CancellationToken cancellationToken)
    {
        string escaped = string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString));
        Uri address = new(_endpoint, $"{_repository}/resolve/{commit}/{escaped}");
        await using FileStream target = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 20, useAsync: true);
        if (target.Length > file.Size)
        {
            target.SetLength(0);
        }
        bool again = target.Length > 0;
        while (true)
        {
            if (target.Length < file.Size)
            {
                await TryAsync(
                    $"download '{file.Name}' of '{_repository}'",
                    async token =>
                    {
                        await ReceiveAsync(address, file, target, report, token).ConfigureAwait(false);
                        return 0;
                    },
                    () => target.Length,
                    cancellationToken).ConfigureAwait(false);
            }
            if (await DigestAsync(file, target, cancellationToken).ConfigureAwait(false) == file.Digest)
            {
                target.Flush(flushToDisk: true);
                return;
            }
            target.SetLength(0);

            // The part from an earlier run may have been corrupt, so the whole file is downloaded once more.
            if (!again)
            {
                throw new HubException(
                    $"'{file.Name}' of '{_repository}' was downloaded, but its {(file.IsLarge ? "SHA-256" : "SHA-1")} isn't {file.Digest}, "
                    + "which the hub announced. The file was discarded; try again.");
            }
            again = false;
        }
    }

    private static HubFile ReadFile(JsonElement entry)
    {
        string name = entry.GetProperty("rfilename").GetString() ?? "";
        bool large = entry.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object;
        string? digest = large
            ? (lfs.TryGetProperty("sha256", out JsonElement sha) ? sha : lfs.GetProperty("oid")).GetString()
            : entry.TryGetProperty("blobId", out JsonElement blob) ? blob.GetString() : null;
        long size = (large ? lfs : entry).TryGetProperty("size", out JsonElement length) ? length.GetInt64() : -1;
        return new(name, size, digest ?? "");
    }

    private async Task ReceiveAsync(Uri address, HubFile file, FileStream target, Action<long> report, CancellationToken cancellationToken)
    {
        long from = target.Length;
        using HttpResponseMessage response = await SendAsync(address, from > 0 ? from : null, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != from)
        {
            target.SetLength(0);
        }
        target.Position = target.Length;
        using Stream source = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using CancellationTokenSource stalled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        byte[] buffer = new byte[1 << 17];
        while (target.Length < file.Size)
        {
            stalled.CancelAfter(_options.StallTimeout);
            int count = await source.ReadAsync(buffer, stalled.Token).ConfigureAwait(false);
            if (count == 0)
            {
                throw new HttpIOException(HttpRequestError.ResponseEnded,
                    $"The connection ended after {target.Length:N0} of {file.Size:N0} bytes.");
            }
            if (target.Length + count > file.Size)
            {
                target.SetLength(0);
                throw new HubException($"'{file.Name}' of '{_repository}' is longer than the {file.Size:N0} bytes that the hub announced.");
            }
            await target.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            report(target.Length);
        }
    }

    private static async Task<string> DigestAsync(HubFile file, FileStream target, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(file.IsLarge ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1);
        if (!file.IsLarge)
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Size}\0"));
        }
        target.Position = 0;
        byte[] buffer = new byte[1 << 20];
        int count;
        while ((count = await target.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            hash.AppendData(buffer, 0, count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Sends a request, follows redirects, and converts error responses to exceptions.</summary>
    private async Task<HttpResponseMessage> SendAsync(Uri address, long? from, CancellationToken cancellationToken)
    {
        for (int i = 0; i <= MaxRedirects; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, address);
            if (from is { } start)
            {
                request.Headers.Range = new(start, null);
            }
            if (_token is not null && address.Authority == _endpoint.Authority && address.Scheme == _endpoint.Scheme)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            }
            using CancellationTokenSource stalled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stalled.CancelAfter(_options.StallTimeout);
            HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stalled.Token)
                .ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }
            using (response)
            {
                if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                {
                    throw Refused(response, address);
                }
                Uri next = new(address, location);
                if (next.Scheme != "https" && !(next.Scheme == "http" && address.Scheme == "http"))
                {
                    throw new HubException($"{address} redirects to {next}, which isn't an HTTPS address.");
                }
                address = next;
            }
        }
        throw new HubException($"{address} redirects more than {MaxRedirects} times.");
    }

    private HubException Refused(HttpResponseMessage response, Uri address)
    {
        string? code = response.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? codes) ? codes.FirstOrDefault() : null;
        string because = (response.StatusCode, code) switch
        {
            (_, "GatedRepo") => $"Access to '{_repository}' is restricted. Accept its terms on "
                + $"{new Uri(_endpoint, _repository)} and set HF_TOKEN to a token of your account.",
            (_, "RevisionNotFound") => $"'{_repository}' has no revision '{_options.Revision}'.",
            (_, "RepoNotFound") or (HttpStatusCode.NotFound, null) =>
                $"The hub has no model '{_repository}', or it is private. Check the name; for a private model, set HF_TOKEN.",
            (_, "EntryNotFound") => $"'{_repository}' has no file at {address}.",
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => _token is null
                ? $"The hub asks for a token for '{_repository}'. Check the name, and set HF_TOKEN."
                : $"The hub refuses the token for '{_repository}'. Check the name and HF_TOKEN.",
            _ => $"The hub answered {(int)response.StatusCode} ({response.ReasonPhrase}) for {address}.",
        };
        return new(because) { StatusCode = response.StatusCode };
    }

    private async Task<T> TryAsync<T>(string what, Func<CancellationToken, Task<T>> attempt, Func<long> progress,
        CancellationToken cancellationToken)
    {
        int failures = 0;
        while (true)
        {
            long before = progress();
            try
            {
                return await attempt(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (IsTransient(exception) && !cancellationToken.IsCancellationRequested)
            {
                failures = progress() > before ? 0 : failures + 1;
                if (failures > _options.Retries)
                {
                    string cause = exception is OperationCanceledException
                        ? $"no data arrived for {_options.StallTimeout.TotalSeconds:0} seconds"
                        : exception.Message;
                    throw new HubException($"Couldn't {what} from {_endpoint}: {cause}", exception)
                    {
                        StatusCode = (exception as HubException)?.StatusCode,
                    };
                }
                await Task.Delay(_options.RetryDelay * Math.Pow(2, Math.Min(Math.Max(failures - 1, 0), 6)), cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    private static bool IsTransient(Exception exception) => exception switch
    {
        HubException hub => hub.StatusCode is { } status
            && ((int)status >= 500 || status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout),
        HttpRequestException or HttpIOException or OperationCanceledException => true,
        IOException { InnerException: System.Net.Sockets.SocketException } => true,
        _ => false,
    };
}
