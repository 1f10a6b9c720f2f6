namespace DotMlx.Samples.CharLm;

/// <summary>A user error, reported in one line.</summary>
internal sealed class UserErrorException(string message, Exception? inner = null) : Exception(message, inner);
