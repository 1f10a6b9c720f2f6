namespace DotMlx.Data;

/// <summary>The exception for an item of a dataset that can't be read or prepared. The inner exception is the cause.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="itemName">The name of the item: a file, a row of a file, or the index of the item.</param>
    /// <param name="innerException">The cause.</param>
    public DatasetException(string itemName, Exception innerException)
        : base($"{itemName}: {innerException?.Message}", innerException) => ItemName = itemName;

    /// <summary>The name of the item: a file, a row of a file, or the index of the item.</summary>
    public string ItemName { get; }

    /// <summary>
    /// Calls a function and wraps its exceptions to name the item. A <see cref="DatasetException"/> passes through unchanged.
    /// </summary>
    internal static TResult Naming<TState, TResult>(TState state, Func<TState, TResult> function, Func<TState, string> name)
    {
        try
        {
            return function(state);
        }
        catch (Exception e) when (e is not DatasetException and not OperationCanceledException)
        {
            throw new DatasetException(name(state), e);
        }
    }
}
