namespace DotMlx.Tool;

/// <summary>Something the user can put right; the message is one line.</summary>
internal sealed class ToolException(string message) : Exception(message);
