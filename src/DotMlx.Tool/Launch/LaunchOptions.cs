namespace DotMlx.Tool.Launch;

/// <summary>The program to launch, and its hosts.</summary>
internal sealed record LaunchOptions
{
    public const int DefaultStartingPort = 32323;
    public const int DefaultNcclPort = 12345;

    public required IReadOnlyList<Host> Hosts { get; init; }

    public required IReadOnlyList<string> Program { get; init; }

    public string Backend { get; init; } = "ring";

    /// <summary>The environment variables for every rank, <c>NAME=VALUE</c>.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// The first port of the ring, or the coordinator's port; null for free ports if all ranks are local, and otherwise 32323.
    /// </summary>
    public int? StartingPort { get; init; }

    public int ConnectionsPerIp { get; init; } = 1;

    public int? NcclPort { get; init; }

    public IReadOnlyList<string> MpiArguments { get; init; } = [];

    public bool Verbose { get; init; }
}
