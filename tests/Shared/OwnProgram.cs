using System.Diagnostics;

namespace DotMlx.Tests.Shared;

/// <summary>Starts an assembly of the tests as a process of its own.</summary>
internal static class OwnProgram
{
    /// <summary>
    /// The program that runs what was published for another processor; null where the machine's own runs. The target Test names it.
    /// </summary>
    internal static string? Emulator { get; } = Environment.GetEnvironmentVariable("DOTMLX_TEST_EMULATOR") is { Length: > 0 } named
        ? named
        : null;

    /// <summary>Whether another processor is emulated.</summary>
    internal static bool IsEmulated => Emulator is not null;

    /// <summary>How to start it; output is redirected.</summary>
    /// <param name="assembly">The assembly's file.</param>
    /// <param name="arguments">What its Main gets.</param>
    internal static ProcessStartInfo Start(string assembly, params string[] arguments)
    {
        string[] command = [.. Command(assembly), .. arguments];
        return new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private static string[] Command(string assembly)
    {
        string host = Environment.ProcessPath!;
        // Published self-contained, there is no dotnet: each program starts by itself.
        if (Path.GetFileNameWithoutExtension(host) is "dotnet" or "testhost")
        {
            return [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", assembly];
        }

        string program = Path.Combine(AppContext.BaseDirectory, Path.GetFileNameWithoutExtension(assembly));
        return Emulator is null ? [program] : [Emulator, program];
    }
}
