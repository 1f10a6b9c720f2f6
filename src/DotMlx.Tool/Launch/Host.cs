namespace DotMlx.Tool.Launch;

/// <summary>The host of a rank.</summary>
/// <param name="Ssh">The name to pass to ssh.</param>
/// <param name="Ips">The addresses at which other ranks reach the host.</param>
/// <param name="Rdma">For jaccl: the RDMA device that leads to each rank, as JSON, with null for the rank itself.</param>
internal sealed record Host(string Ssh, IReadOnlyList<string> Ips, IReadOnlyList<string> Rdma)
{
    public bool IsLocal => Ssh is "127.0.0.1" or "localhost" or "::1";
}
