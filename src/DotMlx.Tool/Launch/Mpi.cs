using System.ComponentModel;
using System.Diagnostics;

namespace DotMlx.Tool.Launch;

/// <summary>The mpi backend: mpirun starts the ranks and forwards their output, and counts as one process here.</summary>
internal static class Mpi
{
    /// <exception cref="ToolException">mpirun isn't installed.</exception>
    public static RankStart Create(LaunchOptions options)
    {
        string mpirun = ProgramSearch.OnPath("mpirun")
            ?? throw new ToolException("the mpi backend needs 'mpirun' (Open MPI) on PATH; 'brew install openmpi' or 'apt-get install "
            + "openmpi-bin' installs it.");
        KeyValuePair<string, string>[] variables = [.. Library(mpirun), .. LaunchPlan.Variables(options.Environment)];
        string slots = string.Concat(options.Hosts.GroupBy(host => host.Ssh).Select(group => $"{group.Key} slots={group.Count()}\n"));

        // An argument names the host file, so a shell inserts the file's name.
        string[] command =
        [
            "/bin/sh", "-c", "exec \"$0\" --hostfile \"$DOTMLX_MPI_HOSTS\" \"$@\"", mpirun,
            .. options.WorkingDirectory is { } folder ? ["-cwd", folder] : Array.Empty<string>(),
            .. variables.SelectMany(item => new[] { "-x", $"{item.Key}={item.Value}" }),
            .. options.MpiArguments.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            "--", .. options.Program,
        ];
        var here = new Host("127.0.0.1", ["127.0.0.1"], []);
        return new RankStart("mpirun", null, here, command, [], [KeyValuePair.Create("DOTMLX_MPI_HOSTS", slots)], null);
    }

    /// <summary>The MPI library that MLX must load, which is that of mpirun's installation.</summary>
    private static KeyValuePair<string, string>[] Library(string mpirun)
    {
        if (ProgramSearch.OnPath("ompi_info") is not { } info)
        {
            return [];
        }

        var start = new ProcessStartInfo(OperatingSystem.IsMacOS() ? "otool" : "ldd", OperatingSystem.IsMacOS() ? ["-L", info] : [info])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            string? line = process.StandardOutput.ReadToEnd().Split('\n')
                .FirstOrDefault(text => text.Contains("libmpi", StringComparison.Ordinal));
            process.WaitForExit();
            if (line is null)
            {
                return [];
            }

            var name = KeyValuePair.Create("MLX_MPI_LIBNAME", line.Trim()
                .Split((char[])[' ', '\t'])[0].Replace("@rpath/", "", StringComparison.Ordinal));
            return OperatingSystem.IsMacOS()
                ? [KeyValuePair.Create("DYLD_LIBRARY_PATH", Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(mpirun))!, "lib")),
                    name]
                : [name];
        }
        catch (Win32Exception)
        {
            // MLX then tries the default name.
            return [];
        }
    }
}
