using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.Server;

/// <summary>Server-sent events, as OpenAI's clients read them.</summary>
internal sealed class EventStream(HttpResponse response)
{
    /// <summary>Whether the answer has begun, so that an error can no longer have a status.</summary>
    internal static bool HasBegun(HttpResponse response) => response.HasStarted && response.ContentType == "text/event-stream";

    internal Task SendAsync(JsonObject data, CancellationToken cancellationToken) => WriteAsync(data.ToJsonString(), cancellationToken);

    internal Task EndAsync(CancellationToken cancellationToken) => WriteAsync("[DONE]", cancellationToken);

    private async Task WriteAsync(string data, CancellationToken cancellationToken)
    {
        if (!response.HasStarted)
        {
            response.ContentType = "text/event-stream";
            response.Headers.CacheControl = "no-cache";
        }
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), cancellationToken).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }
}
