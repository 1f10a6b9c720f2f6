using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests;

/// <summary>
/// Several processes of a program that MLX's ring connects over the loopback interface. None of them remains after the test.
/// </summary>
internal class RankProcesses : IDisposable
{
    /// <summary>Long enough for a busy or emulated machine, but short enough for a test that hangs.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(OwnProgram.IsEmulated ? 900 : 90);

    private readonly List<Rank> _ranks = [];

    internal RankProcesses(int size)
    {
        Size = size;
        Folder = Directory.CreateTempSubdirectory("dotmlx-ring-").FullName;
        HostFile = Path.Combine(Folder, "hosts.json");
        File.WriteAllText(HostFile, JsonSerializer.Serialize(FreePorts(size).Select(port => new[] { $"127.0.0.1:{port}" })));
    }

    internal int Size { get; }

    /// <summary>A folder that the ranks share, deleted after the test.</summary>
    internal string Folder { get; }

    internal string HostFile { get; }

    /// <summary>Runs a program in all ranks and returns their output, in the order of the ranks.</summary>
    internal Result[] RunAll(string assembly, params string[] arguments)
    {
        for (int rank = 0; rank < Size; rank++)
        {
            StartRank(rank, assembly, arguments);
        }

        return WaitForAll();
    }

    /// <summary>Starts one rank.</summary>
    internal Process StartRank(int rank, string assembly, params string[] arguments) =>
        StartRank(new Dictionary<string, string>
            { ["MLX_RANK"] = rank.ToString(CultureInfo.InvariantCulture), ["MLX_HOSTFILE"] = HostFile }, assembly, arguments);

    /// <summary>Starts a rank whose environment gives other addresses of its peers.</summary>
    internal Process StartRank(IReadOnlyDictionary<string, string> environment, string assembly, params string[] arguments)
    {
        ProcessStartInfo start = OwnProgram.Start(assembly, arguments);
        start.RedirectStandardInput = true;
        start.Environment["DOTMLX_LIBRARY"] = MlxLibrary.Path;
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Rank started = new(Process.Start(start)!);
        _ranks.Add(started);
        return started.Process;
    }

    internal Result[] WaitForAll()
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        return [.. _ranks.Select(rank => rank.Wait((int)Math.Max(1, end - Environment.TickCount64)))];
    }

    /// <summary>Waits for the process that was started as the given rank.</summary>
    internal Result WaitFor(int started) => _ranks[started].Wait((int)Limit.TotalMilliseconds);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        foreach (Rank rank in _ranks)
        {
            rank.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    internal static int[] FreePorts(int count)
    {
        // All ports stay reserved, so that no two are equal.
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }

        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Dispose();
        }

        return ports;
    }

    internal sealed record Result(int Exit, string Output, string Errors)
    {
        internal void AssertSucceeded() => Assert.That(Exit, Is.Zero, Output + Errors);
    }

    private sealed class Rank(Process process) : IDisposable
    {
        private readonly Task<string> _output = process.StandardOutput.ReadToEndAsync();
        private readonly Task<string> _errors = process.StandardError.ReadToEndAsync();

        internal Process Process => process;

        internal Result Wait(int milliseconds)
        {
            bool ended = process.WaitForExit(milliseconds);
            if (!ended)
            {
                process.Kill();
                process.WaitForExit();
            }

            return new Result(
                ended ? process.ExitCode : int.MinValue, _output.Result, (ended ? "" : "HUNG: killed by the test. ") + _errors.Result);
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}
