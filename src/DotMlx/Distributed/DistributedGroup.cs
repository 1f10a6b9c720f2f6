using DotMlx.Bindings;

namespace DotMlx;

/// <summary>A group of processes that compute together (mlx.core.distributed.Group).</summary>
public sealed unsafe class DistributedGroup : IDisposable
{
    // A group of one that MLX doesn't know has no handle.
    private readonly NativeHandle? _handle;
    private volatile bool _disposed;

    internal DistributedGroup(mlx_distributed_group group, GroupConnection connection, string backend)
    {
        _handle = group.ctx == null ? null : new NativeHandle((nint)group.ctx, Free);
        Connection = connection;
        Backend = backend;
    }

    /// <summary>The requested backend: "any", "mpi", "ring", "nccl", or "jaccl".</summary>
    public string Backend { get; }

    /// <summary>The number of this process in the group, from 0.</summary>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.rank; C: mlx_distributed_group_rank.</remarks>
    public int Rank
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Connection.Rank;
        }
    }

    /// <summary>The number of processes in the group.</summary>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.size; C: mlx_distributed_group_size.</remarks>
    public int Size
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Connection.Size;
        }
    }

    internal GroupConnection Connection { get; }

    /// <summary>Whether MLX knows the group; it doesn't know a group of a single process.</summary>
    internal bool IsNative => _handle is not null;

    /// <summary>Uses the native group until the result is disposed; a null one for a group of one that MLX doesn't know.</summary>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    internal Use Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new Use(_handle is null ? default : _handle.Enter());
    }

    /// <summary>Splits the group: processes that name the same color form a new one.</summary>
    /// <param name="color">The new group that this process joins.</param>
    /// <param name="key">The sort key of the ranks in the new group; a negative key keeps their current order.</param>
    /// <returns>The new group.</returns>
    /// <exception cref="MlxException">
    /// The backend can't split groups (only MPI and NCCL can), or the group has a single process without MPI.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed.</exception>
    /// <remarks>mlx.core.distributed.Group.split; C: mlx_distributed_group_split.</remarks>
    public DistributedGroup Split(int color, int key = -1)
    {
        using Use used = Enter();
        if (!IsNative)
        {
            throw new MlxException("Cannot split the distributed group further.", "mlx_distributed_group_split");
        }

        mlx_distributed_group result = default;
        int status = MlxcPortable.mlx_distributed_group_split(&result, used.Group, color, key);
        MlxError.ThrowIfFailed(status, "mlx_distributed_group_split");
        return new DistributedGroup(result, GroupConnection.Of(result, Connection.Transport), Backend);
    }

    /// <summary>Waits until every process of the group has called this.</summary>
    /// <remarks>
    /// If a process exits while others still communicate, they see it as failed. End with a barrier if some ranks have more work than
    /// others.
    /// </remarks>
    public void Barrier()
    {
        using MlxArray one = MlxArray.Scalar(1, DType.Int32);
        using MlxArray sum = Mx.Distributed.AllSum(one, this);
        sum.Eval();
    }

    /// <summary>Frees the native handle; the connection lives as long as the process.</summary>
    public void Dispose()
    {
        _disposed = true;
        _handle?.Dispose();
    }

    private static void Free(nint handle)
    {
        // mlx-c v0.6.0 can't free a group, so its few bytes leak.
        if (LoadedApi.Version != MlxcVersions.V0_6_0 && !MpiLibrary.IsFinalized)
        {
            _ = Mlxc.mlx_distributed_group_free(new mlx_distributed_group { ctx = (void*)handle });
        }
    }

    internal readonly ref struct Use
    {
        private readonly NativeHandle.Use _native;

        internal Use(NativeHandle.Use native) => _native = native;

        internal mlx_distributed_group Group => new() { ctx = (void*)_native.Value };

        public void Dispose() => _native.Dispose();
    }
}
