using System.Net;

namespace DotMlx.LanguageModels.Hub;

/// <summary>The hub refused a request, could not be reached, or sent something other than what it announced.</summary>
public sealed class HubException : IOException
{
    /// <summary>Creates an exception without a message of its own.</summary>
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

    /// <summary>The HTTP status of the answer, or null if there was none.</summary>
    public HttpStatusCode? StatusCode { get; internal init; }
}
