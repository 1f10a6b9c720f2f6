namespace DotMlx.Data;

/// <summary>An item of a dataset could not be read or prepared. The inner exception says why.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="itemName">What names the item: a file, a line of a file, or its number.</param>
    /// <param name="innerException">Why it failed.</param>
    public DatasetException(string itemName, Exception innerException)
        : base($"{itemName}: {innerException?.Message}", innerException) => ItemName = itemName;

    /// <summary>What names the item: a file, a line of a file, or its number.</summary>
    public string ItemName { get; }

    /// <summary>Calls a function and names the item if it fails; what is named already stays as it is.</summary>
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
