namespace DotMlx.Staging;

/// <summary>The prefix can't be packed; the message explains the reason and the remedy.</summary>
internal sealed class StagingException(string message) : Exception(message);
