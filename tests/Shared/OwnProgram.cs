using System.Diagnostics;

namespace DotMlx.Tests.Shared;

/// <summary>Starts an assembly of the tests as a separate process.</summary>
internal static class OwnProgram
{
    /// <summary>The program that runs code for another processor; null for the machine's own processor. The target Test sets it.</summary>
    internal static string? Emulator { get; } = Environment.GetEnvironmentVariable("DOTMLX_TEST_EMULATOR") is { Length: > 0 } named
        ? named
        : null;

    /// <summary>Whether another processor is emulated.</summary>
    internal static bool IsEmulated => Emulator is not null;

    /// <summary>Describes how to start it, with redirected output.</summary>
    /// <param name="assembly">The file of the assembly.</param>
    /// <param name="arguments">The arguments of its Main method.</param>
    internal static ProcessStartInfo Start(string assembly, params string[] arguments)
    {
        string[] command = [.. Command(assembly), .. arguments];
        return new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private static string[] Command(string assembly)
    {
        string host = Environment.ProcessPath!;
        // A self-contained publish has no dotnet, so each program starts directly.
        if (Path.GetFileNameWithoutExtension(host) is "dotnet" or "testhost")
        {
            return [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", assembly];
        }

        string program = Path.Combine(AppContext.BaseDirectory, Path.GetFileNameWithoutExtension(assembly));
        return Emulator is null ? [program] : [Emulator, program];
    }
}
