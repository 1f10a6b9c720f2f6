using System.CommandLine;
using System.Runtime.InteropServices;

namespace DotMlx.Tool.Launch;

/// <summary><c>dotnet mlx launch</c>: runs a program as several ranks, on this machine or on several.</summary>
internal static class LaunchCommand
{
    private const int MaxRanks = 1024;

    private static readonly PosixSignal[] Stops = [PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];

    public static Command Create(Terminal terminal, string[] program)
    {
        var count = new Option<int>("--repeat-hosts", "-n")
            { Description = "The number of ranks on each host of --hosts (1).", DefaultValueFactory = _ => 1, HelpName = "N" };
        var hosts = new Option<string>("--hosts")
            { Description = "The hosts to run on, separated by commas (127.0.0.1).", DefaultValueFactory = _ => "127.0.0.1" };
        var hostFile = new Option<string?>("--hostfile")
            { Description = "A host file in the format of Python's mlx.launch, with one rank per host." };
        var backend = new Option<string?>("--backend")
            { Description = $"{string.Join(", ", LaunchPlan.Backends)} (default: the host file's, or ring)." };
        backend.AcceptOnlyFromAmong(LaunchPlan.Backends);
        var environment = new Option<string[]>("--env")
            { Description = "NAME=VALUE, an environment variable for every rank; can be repeated.", DefaultValueFactory = _ => [] };
        var folder = new Option<string?>("--cwd") { Description = "The folder to run in (the current one)." };
        var port = new Option<int?>("--starting-port", "-p")
            { Description = "The first port of the ring (free ports if all ranks are local; otherwise, 32323)." };
        var connections = new Option<int>("--connections-per-ip")
            { Description = "The ring's connections per address (1).", DefaultValueFactory = _ => 1 };
        var ncclPort = new Option<int?>("--nccl-port")
            { Description = "The port of the nccl backend (a free port if all ranks are local; otherwise, 12345)." };
        var mpi = new Option<string[]>("--mpi-arg")
            { Description = "Arguments for mpirun; can be repeated.", DefaultValueFactory = _ => [] };
        var noPrefix = new Option<bool>("--no-prefix") { Description = "Don't prefix each line with its rank." };
        var verbose = new Option<bool>("--verbose") { Description = "Make the backend report its connections." };
        var command = new Command("launch", "Runs a program as several ranks: dotnet mlx launch -n 4 -- PROGRAM ARGUMENTS")
        {
            count, hosts, hostFile, backend, environment, folder, port, connections, ncclPort, mpi, noPrefix, verbose,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(hostFile) is { Implicit: false }
                && (result.GetResult(hosts) is { Implicit: false } || result.GetResult(count) is { Implicit: false }))
            {
                result.AddError("a host file lists every rank: leave out --hosts and -n");
            }
        });
        command.SetAction(result =>
        {
            HostFile chosen = result.GetValue(hostFile) is { } path
                ? HostFile.Read(path)
                : HostFile.Of(result.GetValue(hosts)!, InRange("-n", result.GetValue(count), 1, MaxRanks));
            var options = new LaunchOptions
            {
                Hosts = chosen.Hosts,
                Program = ResolveProgram(program, chosen.Hosts),
                Backend = result.GetValue(backend) ?? chosen.Backend ?? "ring",
                Environment = [.. chosen.Environment, .. result.GetValue(environment)!],
                WorkingDirectory = result.GetValue(folder),
                StartingPort = result.GetValue(port) is { } first ? InRange("--starting-port", first, 1, ushort.MaxValue) : null,
                ConnectionsPerIp = InRange("--connections-per-ip", result.GetValue(connections), 1, 64),
                NcclPort = result.GetValue(ncclPort) is { } number ? InRange("--nccl-port", number, 1, ushort.MaxValue) : null,
                MpiArguments = result.GetValue(mpi)!,
                Verbose = result.GetValue(verbose),
            };
            return Run(terminal, options, labels: !result.GetValue(noPrefix));
        });
        return command;
    }

    private static int Run(Terminal terminal, LaunchOptions options, bool labels)
    {
        if (options.WorkingDirectory is { } folder && options.Hosts.Any(host => host.IsLocal) && !Directory.Exists(folder))
        {
            throw new ToolException($"there is no folder '{folder}' to run in.");
        }

        var launcher = new Launcher(LaunchPlan.Create(options), terminal.Output, terminal.Error) { Labels = labels };
        List<PosixSignalRegistration> registrations = [Register(PosixSignal.SIGINT, launcher.Interrupt),
            .. Stops.Select(signal => Register(signal, launcher.Stop))];
        try
        {
            return launcher.Run();
        }
        finally
        {
            registrations.ForEach(registration => registration.Dispose());
        }
    }

    private static PosixSignalRegistration Register(PosixSignal signal, Action react) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        react();
    });

    private static IReadOnlyList<string> ResolveProgram(string[] program, IReadOnlyList<Host> hosts)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new ToolException("launch needs macOS or Linux, as MLX's backends do.");
        }

        return program.Length > 0
            ? ProgramSearch.Resolve(program, mustExist: hosts.Any(host => host.IsLocal))
            : throw new ToolException("there is no program to launch; put it after '--': dotnet mlx launch -n 4 -- PROGRAM ARGUMENTS");
    }

    private static int InRange(string option, int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new ToolException($"{option} must be from {least} to {most}, not {value}.");
}
