using System.Globalization;

namespace DotMlx.Tool.Launch;

/// <summary>The signals of Unix and their exit codes.</summary>
internal static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>
    /// The signals that a program may ignore and that have the same number everywhere: SIGHUP, SIGINT, SIGQUIT, SIGPIPE, and SIGTERM.
    /// </summary>
    public static ReadOnlySpan<int> Ordinary => [1, 2, 3, 13, 15];

    private const int Base = 128;
    private const int Highest = 64;

    private static readonly Dictionary<int, string> Names = new()
    {
        [1] = "SIGHUP", [2] = "SIGINT", [3] = "SIGQUIT", [4] = "SIGILL", [6] = "SIGABRT", [8] = "SIGFPE", [9] = "SIGKILL", [11] = "SIGSEGV",
        [13] = "SIGPIPE", [15] = "SIGTERM",
    };

    /// <summary>The exit code with which a shell reports a signal, minus the signal.</summary>
    public static int ExitCode(int signal) => Base + signal;

    public static string NameOf(int signal) => signal == (OperatingSystem.IsMacOS() ? 10 : 7) ? "SIGBUS"
        : Names.GetValueOrDefault(signal) ?? $"signal {signal.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Describes the end of a process, as the end of a sentence.</summary>
    public static string Describe(int exitCode) => exitCode is > Base and <= Base + Highest
        ? $"was ended by {NameOf(exitCode - Base)} (exit code {exitCode.ToString(CultureInfo.InvariantCulture)})"
        : $"ended with exit code {exitCode.ToString(CultureInfo.InvariantCulture)}";
}
