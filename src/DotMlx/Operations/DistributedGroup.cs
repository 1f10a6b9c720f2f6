using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A group of processes that compute together (mlx.core.distributed.Group).</summary>
public sealed unsafe class DistributedGroup : IDisposable
{
    private nint handle;

    internal DistributedGroup(mlx_distributed_group group, string backend)
    {
        handle = (nint)group.ctx;
        Backend = backend;
    }

    /// <summary>Frees the native handle if nobody disposed it.</summary>
    ~DistributedGroup() => Release();

    /// <summary>The backend that was asked for: "any", "mpi", "ring", "nccl" or "jaccl".</summary>
    public string Backend { get; }

    /// <summary>Number of this process in the group, from 0.</summary>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.rank; C: mlx_distributed_group_rank.</remarks>
    public int Rank => Read(Mlxc.mlx_distributed_group_rank(Native));

    /// <summary>How many processes the group has.</summary>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.size; C: mlx_distributed_group_size.</remarks>
    public int Size => Read(Mlxc.mlx_distributed_group_size(Native));

    internal mlx_distributed_group Native
    {
        get
        {
            ObjectDisposedException.ThrowIf(handle == 0, this);
            return new mlx_distributed_group { ctx = (void*)handle };
        }
    }

    /// <summary>Splits the group: processes that name the same color form a new one.</summary>
    /// <param name="color">Which new group this process joins.</param>
    /// <param name="key">Orders the ranks of the new group; negative keeps the order of this one.</param>
    /// <returns>The new group.</returns>
    /// <exception cref="MlxException">The backend cannot split, or the group is a single process.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.split; C: mlx_distributed_group_split.</remarks>
    public DistributedGroup Split(int color, int key = -1)
    {
        mlx_distributed_group result = default;
        int status = MlxcPortable.mlx_distributed_group_split(&result, Native, color, key);
        GC.KeepAlive(this);
        MlxError.ThrowIfFailed(status, "mlx_distributed_group_split");
        return new DistributedGroup(result, Backend);
    }

    /// <summary>Frees the native handle; the connection lives as long as the process.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private int Read(int value)
    {
        GC.KeepAlive(this);
        return value;
    }

    private void Release()
    {
        nint old = Interlocked.Exchange(ref handle, 0);

        // mlx-c v0.6.0 has no function to free a group; its few bytes stay.
        if (old != 0 && LoadedApi.Version != MlxcVersions.V0_6_0)
        {
            _ = Mlxc.mlx_distributed_group_free(new mlx_distributed_group { ctx = (void*)old });
        }
    }
}
