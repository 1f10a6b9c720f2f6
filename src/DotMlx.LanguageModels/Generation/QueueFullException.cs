namespace DotMlx.LanguageModels;

/// <summary>Too many requests wait already.</summary>
public sealed class QueueFullException : InvalidOperationException
{
    /// <summary>Makes an exception with a standard message.</summary>
    public QueueFullException()
        : base("Too many requests wait already: try again later.")
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What is wrong.</param>
    public QueueFullException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public QueueFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
