namespace DotMlx.Samples.CharLm;

/// <summary>A mistake of the user, told in one line.</summary>
internal sealed class UserErrorException(string message, Exception? inner = null) : Exception(message, inner);
