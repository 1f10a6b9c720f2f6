namespace DotMlx.Tool.Launch;

/// <summary>A process to start.</summary>
/// <param name="Name">The name in messages, such as <c>rank 2</c>.</param>
/// <param name="Label">The prefix of its output lines; null for none.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Program">Program and arguments.</param>
/// <param name="Environment">Variables to set.</param>
/// <param name="Files">Variables that must name a file with this content.</param>
/// <param name="WorkingDirectory">The folder to start in; null for the current folder, if it exists.</param>
internal sealed record RankStart(
    string Name,
    string? Label,
    Host Host,
    IReadOnlyList<string> Program,
    IReadOnlyList<KeyValuePair<string, string>> Environment,
    IReadOnlyList<KeyValuePair<string, string>> Files,
    string? WorkingDirectory);
