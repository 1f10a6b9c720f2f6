namespace DotMlx.Optimizers;

/// <summary>A saved state doesn't match an optimizer or a training step, which is unchanged.</summary>
public class OptimizerStateException : Exception
{
    /// <summary>Creates the exception for a mismatch without details.</summary>
    public OptimizerStateException()
        : this("The state doesn't match the optimizer.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    public OptimizerStateException(string message)
        : this(message, [])
    {
    }

    /// <summary>Creates the exception for a mismatch caused by another error.</summary>
    public OptimizerStateException(string message, Exception? innerException)
        : base(message, innerException) => Mismatches = [];

    /// <summary>Creates the exception with a message and a list of mismatches.</summary>
    public OptimizerStateException(string message, IReadOnlyList<string> mismatches)
        : base(message) => Mismatches = mismatches;

    /// <summary>The mismatches, one entry per path.</summary>
    public IReadOnlyList<string> Mismatches { get; }
}
