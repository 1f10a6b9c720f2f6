namespace DotMlx.Optimizers;

/// <summary>A saved state doesn't match an optimizer; the optimizer is unchanged.</summary>
public class OptimizerStateException : Exception
{
    /// <summary>A mismatch without details.</summary>
    public OptimizerStateException()
        : this("The state doesn't match the optimizer.")
    {
    }

    /// <summary>A mismatch with a message.</summary>
    public OptimizerStateException(string message)
        : this(message, [])
    {
    }

    /// <summary>A mismatch caused by another error.</summary>
    public OptimizerStateException(string message, Exception? innerException)
        : base(message, innerException) => Mismatches = [];

    /// <summary>A mismatch with its list.</summary>
    public OptimizerStateException(string message, IReadOnlyList<string> mismatches)
        : base(message) => Mismatches = mismatches;

    /// <summary>The mismatches, one entry per path.</summary>
    public IReadOnlyList<string> Mismatches { get; }
}
