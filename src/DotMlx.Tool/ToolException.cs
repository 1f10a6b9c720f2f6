namespace DotMlx.Tool;

/// <summary>An error that the user can correct; the message is one line.</summary>
internal sealed class ToolException(string message) : Exception(message);
