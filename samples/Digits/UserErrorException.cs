namespace DotMlx.Samples.Digits;

/// <summary>An error that the user can correct. It is reported in one line, without a stack trace.</summary>
internal sealed class UserErrorException : Exception
{
    public UserErrorException(string message)
        : base(message)
    {
    }

    public UserErrorException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
