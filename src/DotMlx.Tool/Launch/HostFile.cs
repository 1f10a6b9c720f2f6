using System.Net;
using System.Text.Json;

namespace DotMlx.Tool.Launch;

/// <summary>The hosts of a launch, from a host file of Python's <c>mlx.launch</c> or from a list of names.</summary>
internal sealed record HostFile(IReadOnlyList<Host> Hosts, string? Backend, IReadOnlyList<string> Environment)
{
    /// <summary>
    /// Reads <c>[{"ssh": …, "ips": […], "rdma": […]}, …]</c>, or an object with such <c>hosts</c>, a <c>backend</c> and <c>envs</c>.
    /// </summary>
    /// <exception cref="ToolException">The file can't be read, or has another form; the message names the place.</exception>
    public static HostFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ToolException($"there is no host file '{path}'.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            return root.ValueKind switch
            {
                JsonValueKind.Array => new HostFile(HostsOf(root, path), null, []),
                JsonValueKind.Object => OfObject(root, path),
                _ => throw Broken(path, "it is neither a list of hosts nor an object with 'hosts'"),
            };
        }
        catch (JsonException exception)
        {
            throw Broken(path, $"it isn't valid JSON ({exception.Message.TrimEnd('.')})");
        }
    }

    /// <summary>
    /// Returns every host of a comma-separated list, repeated for several ranks; an IP address is both the name and the address.
    /// </summary>
    /// <exception cref="ToolException">A name is empty.</exception>
    public static HostFile Of(string list, int repeats)
    {
        IEnumerable<Host> hosts = list.Split(',', StringSplitOptions.TrimEntries).Select(name =>
            name.Length == 0 || name.StartsWith('-')
                ? throw new ToolException($"--hosts '{list}' holds a name that is empty or begins with '-'.")
                : new Host(name, AddressesOf(name), []));
        return new HostFile([.. hosts.SelectMany(host => Enumerable.Repeat(host, repeats))], null, []);
    }

    // The host in the form that ssh accepts, with or without a user.
    private static string[] AddressesOf(string name)
    {
        string host = name[(name.LastIndexOf('@') + 1)..];
        return host == "localhost" ? ["127.0.0.1"] : IPAddress.TryParse(host, out _) ? [host] : [];
    }

    private static HostFile OfObject(JsonElement root, string path)
    {
        if (!root.TryGetProperty("hosts", out JsonElement hosts))
        {
            throw Broken(path, "it has no 'hosts'");
        }

        string? backend = root.TryGetProperty("backend", out JsonElement named) && named.ValueKind != JsonValueKind.Null
            ? Text(named, path, "'backend'")
            : null;
        IReadOnlyList<string> environment = root.TryGetProperty("envs", out JsonElement variables) ? Texts(variables, path, "'envs'") : [];
        return new HostFile(HostsOf(hosts, path), backend is "" ? null : backend, environment);
    }

    private static Host[] HostsOf(JsonElement list, string path)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw Broken(path, "its hosts aren't a list, or the list is empty");
        }

        return [.. list.EnumerateArray().Select((host, rank) => HostOf(host, rank, path))];
    }

    private static Host HostOf(JsonElement host, int rank, string path)
    {
        if (host.ValueKind != JsonValueKind.Object || !host.TryGetProperty("ssh", out JsonElement ssh))
        {
            throw Broken(path, $"host {rank} has no 'ssh', the name to reach it by");
        }

        string name = Text(ssh, path, $"'ssh' of host {rank}");
        if (name.Length == 0 || name.StartsWith('-'))
        {
            throw Broken(path, $"'ssh' of host {rank} is empty or begins with '-'");
        }

        IReadOnlyList<string> ips = host.TryGetProperty("ips", out JsonElement addresses)
            ? Texts(addresses, path, $"'ips' of host {rank}")
            : [];
        return new Host(name, ips, host.TryGetProperty("rdma", out JsonElement rdma) ? Devices(rdma, path, rank) : []);
    }

    private static string[] Devices(JsonElement list, string path, int rank) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(device => device.GetRawText())]
        : throw Broken(path, $"'rdma' of host {rank} isn't a list");

    private static string[] Texts(JsonElement list, string path, string what) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(item => Text(item, path, what))]
        : throw Broken(path, $"{what} isn't a list");

    private static string Text(JsonElement text, string path, string what) =>
        text.ValueKind == JsonValueKind.String ? text.GetString()! : throw Broken(path, $"{what} isn't a string");

    private static ToolException Broken(string path, string fault) => new($"the host file '{path}' cannot be used: {fault}.");
}
