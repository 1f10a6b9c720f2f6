using System.Runtime.ExceptionServices;
using DotMlx.Bindings;

namespace DotMlx;

/// <summary>The state that all handles to one of MLX's groups share.</summary>
internal sealed unsafe class GroupConnection
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, GroupConnection> Made = [];
    private static MlxException? _failed;

    private GroupConnection(int rank, int size, string transport)
    {
        Rank = rank;
        Size = size;
        Transport = transport;
        Agreement = new CollectiveAgreement(rank, size);
    }

    internal int Rank { get; }

    internal int Size { get; }

    /// <summary>The backend that sends the bytes: "ring", "mpi", "nccl", or "jaccl"; "none" for a single process.</summary>
    internal string Transport { get; }

    internal CollectiveAgreement Agreement { get; }

    /// <summary>Whether this is a ring of one, which MLX doesn't support: there is no native group.</summary>
    private bool IsAlone { get; init; }

    /// <summary>The device of the backend's communication: the GPU for NCCL, the CPU for all others.</summary>
    internal DeviceType? Device => Transport switch
    {
        "none" => null,
        "nccl" => DeviceType.Gpu,
        _ => DeviceType.Cpu,
    };

    /// <summary>A group that MLX split from another.</summary>
    internal static GroupConnection Of(mlx_distributed_group group, string transport)
    {
        int size = Mlxc.mlx_distributed_group_size(group);
        return new GroupConnection(Mlxc.mlx_distributed_group_rank(group), size, size == 1 ? "none" : transport);
    }

    /// <summary>Connects, or returns the connection of an earlier call.</summary>
    internal static (GroupConnection Connection, mlx_distributed_group Group) Open(bool strict, string backend, TimeSpan timeout)
    {
        lock (Gate)
        {
            if (Made.TryGetValue(backend, out GroupConnection? connection))
            {
                // A group of one was sufficient for the first call, which wasn't strict, but this call may be.
                bool retry = strict && connection.Size == 1;
                if (!retry)
                {
                    return (connection, connection.IsAlone ? default : Init(strict: false, backend));
                }
            }

            if (_failed is not null)
            {
                throw new MlxException($"{_failed.Message} (An earlier attempt failed, which MLX cannot undo: restart the process.)",
                    _failed.Operation, _failed);
            }

            connection = Connect(strict, backend, timeout, out mlx_distributed_group group);
            Made[backend] = connection;
            return (connection, group);
        }
    }

    private static GroupConnection Connect(bool strict, string backend, TimeSpan timeout, out mlx_distributed_group group)
    {
        bool mayBeRing = backend is "ring" or "any";
        RingEnvironment? ring = mayBeRing ? RingEnvironment.Read(required: strict && backend == "ring") : null;
        group = default;
        if (ring is { Size: 1 })
        {
            // MLX would wait for a neighbor that doesn't exist.
            return new GroupConnection(0, 1, "none") { IsAlone = true };
        }

        if (ring is not null && !Mx.Distributed.IsAvailable("ring"))
        {
            throw RingEnvironment.Error(
                $"This process is rank {ring.Rank} of {ring.Size} ({RingEnvironment.HostFileVariable}), but the library in use "
                + $"({MlxLibrary.Path}) has no ring backend. Install MLX, or unset {RingEnvironment.HostFileVariable}.");
        }

        NativeEnvironment.PassOn();
        bool hadMpi = MpiLibrary.IsInitialized;
        mlx_distributed_group made = InTime(() => Init(strict, backend), ring, ring is null ? Rendezvous.Read(backend) : null, timeout);
        int size = Mlxc.mlx_distributed_group_size(made);
        var connection = new GroupConnection(Mlxc.mlx_distributed_group_rank(made), size, size == 1 ? "none" : TransportOf(backend, ring));
        bool startedMpi = !hadMpi && MpiLibrary.IsInitialized;
        if (startedMpi)
        {
            MpiLibrary.FinalizeAtExit();
        }

        if (size > 1)
        {
            PeerWatch.Start(connection.Transport == "ring" ? ring : null);
        }

        if (size > 1 || startedMpi)
        {
            // This handle is never freed: MLX's cleanup would wait for threads that wait for an ended process, or finalize MPI a second
            // time.
            made = Init(strict: false, backend);
        }

        group = made;
        return connection;
    }

    private static mlx_distributed_group Init(bool strict, string backend)
    {
        using NativeText text = new(backend, nameof(backend));
        mlx_distributed_group result = default;
        MlxError.ThrowIfFailed(MlxcPortable.mlx_distributed_init(&result, NativeCall.Byte(strict), text.Pointer), "mlx_distributed_init");
        return result;
    }

    // MLX waits indefinitely for a process that never calls, so a thread that the process can abandon does the waiting.
    private static mlx_distributed_group InTime(Func<mlx_distributed_group> init, RingEnvironment? ring,
        Rendezvous? rendezvous, TimeSpan timeout)
    {
        if (ring is null && rendezvous is null)
        {
            return init();
        }

        nint result = 0;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = (nint)init().ctx;
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e is MlxException mlx && ring is not null ? ring.Explain(mlx) : e);
            }
        })
        {
            IsBackground = true, Name = "DotMlx connecting",
        };
        thread.Start();
        if (!thread.Join(timeout))
        {
            throw _failed = ring?.NotComplete(timeout) ?? rendezvous!.NotComplete(timeout);
        }

        failure?.Throw();
        return new mlx_distributed_group { ctx = (void*)result };
    }

    // mlx-c doesn't report which backend "any" selected; this is MLX's order.
    private static string TransportOf(string backend, RingEnvironment? ring)
    {
        if (backend != "any")
        {
            return backend;
        }

        if (Mx.Cuda.IsAvailable() && Environment.GetEnvironmentVariable("NCCL_HOST_IP") is not null && Mx.Distributed.IsAvailable("nccl"))
        {
            return "nccl";
        }

        return ring is not null ? "ring"
            : Environment.GetEnvironmentVariable("MLX_JACCL_COORDINATOR") is not null ? "jaccl"
            : "mpi";
    }
}
