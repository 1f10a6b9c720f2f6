using System.Text;
using System.Text.Json.Nodes;

namespace DotMlx.Server;

/// <summary>Sends server-sent events in the format that OpenAI clients expect.</summary>
internal sealed class EventStream(HttpResponse response)
{
    /// <summary>Whether the event stream has started, so that an error can no longer set the status code.</summary>
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
