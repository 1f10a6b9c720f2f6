using System.Text.Json.Nodes;

namespace DotMlx.Server;

/// <summary>An error response in the format of the OpenAI API.</summary>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    internal int Status => status;

    internal JsonObject ToJson() => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = Message,
            ["type"] = status switch
            {
                401 => "authentication_error",
                429 => "rate_limit_error",
                >= 500 => "server_error",
                _ => "invalid_request_error",
            },
            ["param"] = parameter,
            ["code"] = code,
        },
    };

    internal static ApiException Bad(string message, string? parameter = null) => new(StatusCodes.Status400BadRequest, message, parameter);
}
