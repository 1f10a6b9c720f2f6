namespace DotMlx.Staging;

/// <summary>The prefix cannot become a package; the message says why and what to do.</summary>
internal sealed class StagingException(string message) : Exception(message);
