namespace DotMlx.Samples.Digits;

/// <summary>Something that the person at the keyboard can put right: printed as one line, without a stack.</summary>
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
