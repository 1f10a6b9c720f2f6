using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DotMlx.Server;

/// <summary>The fields of a request. A field of the wrong type causes an error that names the field.</summary>
internal sealed class RequestFields(JsonObject json)
{
    internal static async Task<RequestFields> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // Without a CORS preflight, browsers let any web page send requests of other content types to this machine.
        if (!request.HasJsonContentType())
        {
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, "The request must have the content type application/json.");
        }
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            return new(JsonObject.Create(document.RootElement.Clone()) ?? throw ApiException.Bad("The request isn't a JSON object."));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw ApiException.Bad($"The request isn't a JSON object: {error.Message}");
        }
    }

    internal JsonNode? this[string name] => Guarded(name, () => json[name]);

    internal string? Text(string name) => Value<string>(name, "a text");

    internal int? Integer(string name) => Value<int>(name, "a whole number", missing: null);

    internal float? Number(string name) => Value<float>(name, "a number", missing: null);

    internal bool Flag(string name) => Value<bool>(name, "true or false", missing: null) ?? false;

    /// <summary>Returns the numbers of an object by token ID, as in <c>logit_bias</c>.</summary>
    internal IReadOnlyDictionary<int, double>? NumbersByToken(string name) => this[name] switch
    {
        null => null,
        JsonObject json => json.ToDictionary(
            item => int.TryParse(item.Key, NumberStyles.None, CultureInfo.InvariantCulture, out int token)
                ? token
                : throw Wrong(name, "an object of token IDs and numbers"),
            item => item.Value is JsonValue value && value.TryGetValue(out double number)
                ? number
                : throw Wrong(name, "an object of token IDs and numbers")),
        _ => throw Wrong(name, "an object of token IDs and numbers"),
    };

    /// <summary>Returns the number of log-probabilities that a request asks for.</summary>
    internal int? Count(string name, int most) => Integer(name) is { } count
        ? count >= 0 && count <= most ? count : throw Wrong(name, $"a whole number from 0 to {most}")
        : null;

    internal JsonArray? List(string name) => this[name] switch
    {
        null => null,
        JsonArray list => list,
        _ => throw Wrong(name, "a list"),
    };

    /// <summary>Returns the value of a field that holds a string or a list of strings, as a list.</summary>
    internal List<string>? Texts(string name) => this[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => [text],
        JsonArray list => [.. list.Select(item => item is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : throw Wrong(name, "a text or a list of texts"))],
        _ => throw Wrong(name, "a text or a list of texts"),
    };

    internal static ApiException Wrong(string name, string expected) => ApiException.Bad($"'{name}' must be {expected}.", name);

    private T? Value<T>(string name, string expected)
        where T : class => this[name] switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out T? found) => found,
            _ => throw Wrong(name, expected),
        };

    private T? Value<T>(string name, string expected, T? missing)
        where T : struct => this[name] switch
        {
            null => missing,
            JsonValue value when value.TryGetValue(out T found) => found,
            _ => throw Wrong(name, expected),
        };

    private static JsonNode? Guarded(string name, Func<JsonNode?> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw ApiException.Bad($"The request isn't valid JSON: {error.Message}", name);
        }
    }
}
