using System.Net;

namespace DotMlx.LanguageModels.Hub;

/// <summary>The exception for a hub that rejects a request, can't be reached, or sends unexpected data.</summary>
public sealed class HubException : IOException
{
    /// <summary>Creates an exception with the default message.</summary>
    public HubException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">The message.</param>
    public HubException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause.</param>
    public HubException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The HTTP status of the response, or null if there was no response.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }
}
