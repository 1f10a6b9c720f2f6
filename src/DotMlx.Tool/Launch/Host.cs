namespace DotMlx.Tool.Launch;

/// <summary>Where a rank runs.</summary>
/// <param name="Ssh">The name that ssh is given.</param>
/// <param name="Ips">The addresses by which other ranks reach it.</param>
/// <param name="Rdma">For jaccl: as JSON, the RDMA device that leads to each rank, null for itself.</param>
internal sealed record Host(string Ssh, IReadOnlyList<string> Ips, IReadOnlyList<string> Rdma)
{
    public bool IsLocal => Ssh is "127.0.0.1" or "localhost" or "::1";
}
