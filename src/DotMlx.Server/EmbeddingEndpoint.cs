using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace DotMlx.Server;

/// <summary>Handles <c>POST /v1/embeddings</c>.</summary>
internal static class EmbeddingEndpoint
{
    internal static async Task HandleAsync(
        ServedModel model,
        Func<List<string>, EmbeddingGenerationOptions, CancellationToken, Task<GeneratedEmbeddings<Embedding<float>>>> generate,
        MlxServerOptions limits, RequestFields fields, HttpResponse response, ServerMetrics metrics, CancellationToken cancellationToken)
    {
        List<string> texts = fields.Texts("input") is { Count: > 0 } list
            ? list
            : throw RequestFields.Wrong("input", "a text or a list of texts");
        if (texts.Count > limits.MaxTexts)
        {
            throw ApiException.Bad($"The request has {texts.Count} texts; this server takes at most {limits.MaxTexts}.", "input");
        }
        bool base64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw RequestFields.Wrong("encoding_format", "float or base64"),
        };
        GeneratedEmbeddings<Embedding<float>> embeddings = await generate(
            texts, new() { Dimensions = fields.Integer("dimensions") }, cancellationToken).ConfigureAwait(false);
        long tokens = embeddings.Usage?.InputTokenCount ?? 0;
        metrics.Used(tokens, 0);
        await MlxServer.WriteAsync(response, new()
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. embeddings.Select((embedding, i) => (JsonNode)new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = i,
                ["embedding"] = base64
                    ? Convert.ToBase64String(MemoryMarshal.AsBytes(embedding.Vector.Span))
                    : new JsonArray([.. embedding.Vector.ToArray().Select(number => (JsonNode)number)]),
            })]),
            ["model"] = model.Id,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        }, cancellationToken).ConfigureAwait(false);
    }
}
