using System.Globalization;
using System.Net;
using System.Text.Json;

namespace DotMlx.Tool.Launch;

/// <summary>The processes of a launch, with the variables with which MLX's backends find each other.</summary>
internal static class LaunchPlan
{
    public static readonly string[] Backends = ["ring", "mpi", "nccl", "jaccl", "jaccl-ring"];

    /// <summary>Variables of an earlier launch, which would mislead the processes of this one.</summary>
    public static readonly string[] Reserved =
    [
        "MLX_RANK", "MLX_WORLD_SIZE", "MLX_HOSTFILE", "MLX_IBV_DEVICES", "MLX_JACCL_COORDINATOR", "MLX_JACCL_RING",
        "NCCL_HOST_IP", "NCCL_PORT",
    ];

    /// <exception cref="ToolException">The hosts lack data that the backend needs.</exception>
    public static IReadOnlyList<RankStart> Create(LaunchOptions options) => options.Backend switch
    {
        "ring" => Ring(options),
        "nccl" => Nccl(options),
        "jaccl" or "jaccl-ring" => Jaccl(options),
        "mpi" => [Mpi.Create(options)],
        _ => throw new ToolException($"there is no backend '{options.Backend}'; expected one of {string.Join(", ", Backends)}."),
    };

    public static bool AllLocal(LaunchOptions options) => options.Hosts.All(host => host.IsLocal);

    /// <exception cref="ToolException">An assignment isn't of the form <c>NAME=VALUE</c>.</exception>
    public static KeyValuePair<string, string>[] Variables(IReadOnlyList<string> texts) => [.. texts.Select(text =>
    {
        string[] parts = text.Split('=', 2);
        bool valid = parts[0].Length > 0 && !char.IsAsciiDigit(parts[0][0]) && parts[0].All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
        return valid
            ? KeyValuePair.Create(parts[0], parts.Length > 1 ? parts[1] : "")
            : throw new ToolException($"'{text}' isn't a variable assignment; write NAME=VALUE.");
    })];

    private static RankStart[] Ring(LaunchOptions options)
    {
        RequireAddresses(options);
        (string, string)[] verbose = options.Verbose ? [("MLX_RING_VERBOSE", "1")] : [];

        // A ring of one process would wait for itself. Without a host file, MLX creates a group of one.
        (string, string)[] files = options.Hosts.Count > 1 ? [("MLX_HOSTFILE", RingHosts(options))] : [];
        return Ranks(options, _ => verbose, files);
    }

    /// <summary>MLX's own host file, which lists the addresses at which each rank listens.</summary>
    private static string RingHosts(LaunchOptions options)
    {
        int count = options.Hosts.Sum(host => host.Ips.Count) * options.ConnectionsPerIp;
        Queue<int> ports = new(AllLocal(options) && options.StartingPort is null
            ? FreePorts.Take(count)
            : Enumerable.Range(options.StartingPort ?? LaunchOptions.DefaultStartingPort, count));
        string[][] addresses = [.. options.Hosts.Select(host => host.Ips
            .SelectMany(ip => Enumerable.Repeat(ip, options.ConnectionsPerIp))
            .Select(ip => $"{ip}:{ports.Dequeue().ToString(CultureInfo.InvariantCulture)}")
            .ToArray())];
        return JsonSerializer.Serialize(addresses);
    }

    private static void RequireAddresses(LaunchOptions options)
    {
        for (int rank = 0; rank < options.Hosts.Count; rank++)
        {
            Host host = options.Hosts[rank];
            if (host.Ips.Count == 0)
            {
                throw new ToolException($"the ring needs the address of each host, but '{host.Ssh}' (rank {rank}) has none: pass it with "
                    + $"--hosts, or as \"ips\" in a host file.");
            }

            if (host.Ips.FirstOrDefault(ip => IPAddress.TryParse(ip, out IPAddress? address) && IPAddress.IsLoopback(address))
                is { } loopback && !AllLocal(options))
            {
                throw new ToolException($"rank {rank} would listen on {loopback}, which other machines cannot reach; give '{host.Ssh}' "
                    + $"its address in their network.");
            }
        }
    }

    private static RankStart[] Nccl(LaunchOptions options)
    {
        string master = FirstAddress(options);
        int port = options.NcclPort ?? (AllLocal(options) ? FreePorts.Take(1)[0] : LaunchOptions.DefaultNcclPort);
        (string, string)[] common =
        [
            ("NCCL_HOST_IP", master),
            ("NCCL_PORT", port.ToString(CultureInfo.InvariantCulture)),
            ("MLX_WORLD_SIZE", options.Hosts.Count.ToString(CultureInfo.InvariantCulture)),
            .. options.Verbose ? [("NCCL_DEBUG", "INFO")] : Array.Empty<(string, string)>(),
        ];

        // The ranks of a host use its GPUs in turn.
        return Ranks(
            options,
            rank => [.. common, ("CUDA_VISIBLE_DEVICES", options.Hosts.Take(rank).Count(host => host.Ssh == options.Hosts[rank].Ssh)
                .ToString(CultureInfo.InvariantCulture))],
            []);
    }

    private static RankStart[] Jaccl(LaunchOptions options)
    {
        string coordinator = FirstAddress(options);
        for (int rank = 0; rank < options.Hosts.Count; rank++)
        {
            IReadOnlyList<string> rdma = options.Hosts[rank].Rdma;
            if (rdma.Count != options.Hosts.Count || rdma[rank] != "null")
            {
                throw new ToolException($"jaccl needs a host file in which 'rdma' of each host has one entry per rank, null for itself; "
                    + $"that of rank {rank} is [{string.Join(", ", rdma)}].");
            }
        }

        int port = options.StartingPort ?? (AllLocal(options) ? FreePorts.Take(1)[0] : LaunchOptions.DefaultStartingPort);
        (string, string)[] common =
        [
            ("MLX_JACCL_COORDINATOR", string.Create(CultureInfo.InvariantCulture, $"{coordinator}:{port}")),
            .. options.Backend == "jaccl-ring" ? [("MLX_JACCL_RING", "1")] : Array.Empty<(string, string)>(),
        ];
        string devices = $"[{string.Join(", ", options.Hosts.Select(host => $"[{string.Join(", ", host.Rdma)}]"))}]";
        return Ranks(options, _ => common, [("MLX_IBV_DEVICES", devices)]);
    }

    private static string FirstAddress(LaunchOptions options) => options.Hosts[0].Ips is [{ } first, ..]
        ? first
        : throw new ToolException($"{options.Backend} needs an address of rank 0 ('{options.Hosts[0].Ssh}') that all ranks can reach: "
        + $"pass it with --hosts, or as \"ips\" in a host file.");

    private static RankStart[] Ranks(LaunchOptions options, Func<int, (string, string)[]> variables, (string Name, string Content)[] files)
    {
        KeyValuePair<string, string>[] own = Variables(options.Environment);
        int width = (options.Hosts.Count - 1).ToString(CultureInfo.InvariantCulture).Length;
        return [.. options.Hosts.Select((host, rank) =>
        {
            string number = rank.ToString(CultureInfo.InvariantCulture);
            (string Name, string Value)[] set = [.. variables(rank), ("MLX_RANK", number)];
            return new RankStart(
                host.IsLocal ? $"rank {number}" : $"rank {number} on {host.Ssh}",
                $"[{number.PadLeft(width)}] ",
                host,
                options.Program,
                [.. own, .. set.Select(item => KeyValuePair.Create(item.Name, item.Value))],
                [.. files.Select(item => KeyValuePair.Create(item.Name, item.Content))],
                options.WorkingDirectory);
        })];
    }
}
