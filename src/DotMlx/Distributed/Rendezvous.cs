using System.Globalization;

namespace DotMlx;

/// <summary>
/// The address at which the ranks of NCCL and JACCL meet, from the environment. Rank 0 waits there for the others, in MLX without limit.
/// </summary>
/// <param name="Rank">The index of this process.</param>
/// <param name="Size">The number of processes, as text; null if the environment doesn't tell.</param>
/// <param name="Address">The address of rank 0.</param>
/// <param name="Variables">The variables that contain it.</param>
internal sealed record Rendezvous(string Rank, string? Size, string Address, string Variables)
{
    /// <summary>Reads the environment; null if neither backend is requested, or if there is no process to wait for.</summary>
    internal static Rendezvous? Read(string backend)
    {
        if (Variable(RingEnvironment.RankVariable) is not { } rank)
        {
            return null;
        }

        if (backend is "nccl" or "any" && Variable("NCCL_HOST_IP") is { } host && Variable("NCCL_PORT") is { } port
            && Variable("MLX_WORLD_SIZE") is { } size
            && Mx.Distributed.IsAvailable("nccl"))
        {
            return size.Trim() == "1" ? null : new Rendezvous(rank, size, $"{host}:{port}", "NCCL_HOST_IP, NCCL_PORT");
        }

        return backend is "jaccl" or "any" && Variable("MLX_JACCL_COORDINATOR") is { } coordinator && Mx.Distributed.IsAvailable("jaccl")
            ? new Rendezvous(rank, null, coordinator, "MLX_JACCL_COORDINATOR")
            : null;
    }

    /// <summary>The known facts when not all processes connected in time.</summary>
    internal MlxException NotComplete(TimeSpan timeout) => RingEnvironment.Error(string.Create(
        CultureInfo.InvariantCulture,
        $"Rank {Rank}{(Size is null ? "" : $" of {Size}")} waited {timeout.TotalSeconds:0.#} s for the "
        + $"other ranks, which meet at {Address} ({Variables}). ")
        + "Check which process did not start or has ended, and start all ranks again. If some "
        + "ranks start late, pass a longer timeout to Init.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
