namespace DotMlx.LanguageModels;

/// <summary>The exception for a request to a <see cref="GenerationScheduler"/> whose queue is full.</summary>
public sealed class QueueFullException : InvalidOperationException
{
    /// <summary>Creates an exception with the default message.</summary>
    public QueueFullException()
        : base("Too many requests are waiting. Try again later.")
    {
    }

    /// <summary>Creates an exception.</summary>
    /// <param name="message">The error message.</param>
    public QueueFullException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a cause.</summary>
    /// <param name="message">The error message.</param>
    /// <param name="innerException">The cause.</param>
    public QueueFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
