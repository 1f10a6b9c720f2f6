namespace DotMlx.Optimizers;

/// <summary>A saved state that does not fit an optimizer; the optimizer is as it was.</summary>
public class OptimizerStateException : Exception
{
    /// <summary>A mismatch without details.</summary>
    public OptimizerStateException()
        : this("The state does not fit the optimizer.")
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

    /// <summary>What does not fit, one entry per path.</summary>
    public IReadOnlyList<string> Mismatches { get; }
}
