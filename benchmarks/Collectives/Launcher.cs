using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace DotMlx.Collectives;

/// <summary>Starts the ranks with a time limit and reads the output of the first rank.</summary>
internal static class Launcher
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(9);

    internal static bool HasPython()
    {
        try
        {
            using Process python =
                Process.Start(new ProcessStartInfo("python3", ["-c", "import mlx.core"])
                    { RedirectStandardError = true, RedirectStandardOutput = true })!;
            python.StandardError.ReadToEnd();
            python.WaitForExit();
            return python.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    internal static IReadOnlyList<Timing> Run(int ranks, string program, string[] arguments)
    {
        string hosts = Path.GetTempFileName();
        File.WriteAllText(hosts, JsonSerializer.Serialize(FreePorts(ranks).Select(port => new[] { $"127.0.0.1:{port}" })));
        List<Process> processes = [];
        try
        {
            for (int rank = 0; rank < ranks; rank++)
            {
                processes.Add(Start(rank, hosts, program, arguments));
            }

            Task<string> output = processes[0].StandardOutput.ReadToEndAsync();
            using CancellationTokenSource time = new(Limit);
            try
            {
                Task.WhenAll(processes.Select(process => process.WaitForExitAsync(time.Token))).GetAwaiter().GetResult();
            }
            catch (OperationCanceledException e)
            {
                throw new InvalidOperationException($"the ranks did not end within {Limit.TotalMinutes} minutes.", e);
            }

            return processes.All(process => process.ExitCode == 0)
                ? [.. output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)]
                : throw new InvalidOperationException($"{program} failed in a rank; its message is above.");
        }
        finally
        {
            foreach (Process process in processes)
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }

                process.Dispose();
            }

            File.Delete(hosts);
        }
    }

    private static Process Start(int rank, string hosts, string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = rank == 0 };
        start.Environment["DOTMLX_LIBRARY"] = MlxLibrary.Path;
        start.Environment["MLX_RANK"] = rank.ToString(CultureInfo.InvariantCulture);
        start.Environment["MLX_HOSTFILE"] = hosts;
        return Process.Start(start)!;
    }

    private static Timing Parse(string line)
    {
        string[] fields = line.Split('\t');
        return new Timing(fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture),
            double.Parse(fields[2], CultureInfo.InvariantCulture));
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        Array.ForEach(listeners, listener => listener.Dispose());
        return ports;
    }
}
