using System.Globalization;
using System.Text.Json;

namespace DotMlx;

/// <summary>
/// The settings that MLX's ring reads from the environment: this process's rank and the addresses of all ranks. They are checked here
/// first, because MLX doesn't check them, and then ends the process or waits forever.
/// </summary>
internal sealed record RingEnvironment(int Rank, string HostFile, IReadOnlyList<IReadOnlyList<string>> Hosts)
{
    internal const string RankVariable = "MLX_RANK";
    internal const string HostFileVariable = "MLX_HOSTFILE";

    private const string HowToStart =
        "Start the program with 'dotnet mlx launch -n 2 -- PROGRAM', or set both for every process (docs/distributed.md shows how).";

    internal int Size => Hosts.Count;

    internal int Left => (Rank + Size - 1) % Size;

    internal int Right => (Rank + 1) % Size;

    /// <summary>Reads and checks the two variables.</summary>
    /// <param name="required">Whether their absence is an error.</param>
    /// <returns>Null if this process isn't part of a ring.</returns>
    /// <exception cref="MlxException">They are incomplete or invalid.</exception>
    internal static RingEnvironment? Read(bool required)
    {
        string? rank = Environment.GetEnvironmentVariable(RankVariable);
        string? hostFile = Environment.GetEnvironmentVariable(HostFileVariable);
        if (string.IsNullOrEmpty(hostFile))
        {
            // The other backends use only the rank.
            return required ? throw Error($"The ring backend finds its processes through a host file, "
                + $"and {HostFileVariable} is not set. {HowToStart}") : null;
        }

        if (string.IsNullOrEmpty(rank))
        {
            throw Error($"{HostFileVariable} is '{hostFile}', but {RankVariable}, the number of this "
                + $"process from 0, is not set. {HowToStart}");
        }

        List<IReadOnlyList<string>> hosts = ReadHosts(hostFile);
        if (!int.TryParse(rank, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number >= hosts.Count)
        {
            throw Error($"{RankVariable} is '{rank}': it must be a whole number from 0 to {hosts.Count - 1}, because the host file "
                + $"'{hostFile}' lists {hosts.Count} {(hosts.Count == 1 ? "process" : "processes")}.");
        }

        return new RingEnvironment(number, hostFile, hosts);
    }

    internal static MlxException Error(string message, Exception? inner = null) => new(message, "mlx_distributed_init", inner);

    /// <summary>Explains an error of MLX during connection, and what to do.</summary>
    internal MlxException Explain(MlxException error)
    {
        string message = error.Message;
        string? meaning =
            message.Contains("Couldn't connect", StringComparison.Ordinal)
                ? $"rank {Rank} of {Size} could not reach rank {Right} at {string.Join(", ", Hosts[Right])}: "
                    + "that process has not been started, has ended, or a firewall is between the two. "
                    + "Start all ranks within half a minute of each other."
            : message.Contains("Couldn't bind", StringComparison.Ordinal) || message.Contains("Couldn't listen", StringComparison.Ordinal)
                ? $"rank {Rank} of {Size} could not listen at {string.Join(", ", Hosts[Rank])}: "
                    + $"the port is in use, or the address is not one of this machine. Correct it in '{HostFile}'."
            : message.Contains("Can't parse address", StringComparison.Ordinal)
                ? $"an address in '{HostFile}' is unknown; it must be IP:PORT or HOST:PORT."
            : null;
        return meaning is null ? error : Error($"{message}: {meaning}", error);
    }

    /// <summary>The known facts when the ring wasn't complete in time.</summary>
    internal MlxException NotComplete(TimeSpan timeout) => Error(string.Create(
        CultureInfo.InvariantCulture,
        $"Rank {Rank} of {Size} waited {timeout.TotalSeconds:0.#} s for the other ranks: either "
        + $"rank {Left} never called at {string.Join(", ", Hosts[Rank])}, ")
        + $"or rank {Right} could not be reached at {string.Join(", ", Hosts[Right])}. Check which process did not start or has ended, and "
        + $"start all ranks again. "
        + "If some ranks start late, pass a longer timeout to Init.");

    private static List<IReadOnlyList<string>> ReadHosts(string path)
    {
        byte[] text;
        try
        {
            text = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Error($"The host file '{path}' ({HostFileVariable}) cannot be read: {e.Message} {HowToStart}", e);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return Check(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw Error($"The host file '{path}' isn't valid JSON: {e.Message}", e);
        }
    }

    private static List<IReadOnlyList<string>> Check(string path, JsonElement root)
    {
        const string Form = """a list with one list of addresses per rank, such as [["10.0.0.1:32323"], ["10.0.0.2:32323"]]""";
        if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() == 0)
        {
            throw Error($"The host file '{path}' must be {Form}.");
        }

        List<IReadOnlyList<string>> hosts = [];
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (JsonElement host in root.EnumerateArray())
        {
            if (host.ValueKind == JsonValueKind.Object)
            {
                throw Error($"'{path}' is a host file for the launcher, not for the ring, whose file is {Form}: start with 'dotnet mlx "
                    + $"launch --hostfile {path} -- PROGRAM', which writes that one.");
            }

            if (host.ValueKind != JsonValueKind.Array || host.GetArrayLength() == 0)
            {
                throw Error($"The host file '{path}', rank {hosts.Count}: it must be {Form}.");
            }

            List<string> addresses = [];
            foreach (JsonElement item in host.EnumerateArray())
            {
                string address = item.ValueKind == JsonValueKind.String ? item.GetString()! : "";
                int colon = address.IndexOf(':', StringComparison.Ordinal);
                if (colon < 1 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture,
                    out ushort port) || port == 0)
                {
                    throw Error($"The host file '{path}', rank {hosts.Count}: {item.GetRawText()} isn't an address of the form IP:PORT.");
                }

                addresses.Add(seen.Add(address)
                    ? address
                    : throw Error($"The host file '{path}', rank {hosts.Count}: the address {address} occurs twice."));
            }

            if (hosts.Count > 0 && addresses.Count != hosts[0].Count)
            {
                throw Error($"The host file '{path}', rank {hosts.Count}: {addresses.Count} addresses, but rank 0 has {hosts[0].Count}; "
                    + $"every rank needs the same number.");
            }

            hosts.Add(addresses);
        }

        return hosts;
    }
}
