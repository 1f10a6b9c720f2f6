namespace DotMlx;

/// <summary>An error reported by MLX.</summary>
public class MlxException : Exception
{
    /// <summary>Creates an exception without a message.</summary>
    public MlxException() : this("MLX reported an error.")
    {
    }

    /// <summary>Creates an exception without a known C function.</summary>
    /// <param name="message">The error message.</param>
    public MlxException(string message) : this(message, "")
    {
    }

    /// <summary>Creates an exception with a cause.</summary>
    /// <param name="message">The error message.</param>
    /// <param name="innerException">The cause.</param>
    public MlxException(string message, Exception? innerException) : this(message, "", innerException)
    {
    }

    /// <summary>Creates an exception for the C function <paramref name="operation"/>.</summary>
    /// <param name="message">The error message.</param>
    /// <param name="operation">The name of the C function, such as <c>mlx_matmul</c>.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public MlxException(string message, string operation, Exception? innerException = null) : base(message, innerException) =>
        Operation = operation;

    /// <summary>The C function that failed, such as <c>mlx_matmul</c>; empty if there is none.</summary>
    public string Operation { get; }
}
