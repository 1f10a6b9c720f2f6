using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Communication between processes (mlx.core.distributed). In a group of one process, reductions return their input.</summary>
    public static unsafe partial class Distributed
    {
        private static DistributedGroup? _global;

        // The default group, which is created once and never disposed.
        private static DistributedGroup Global => _global ??= Init();

        /// <summary>Whether MLX was built with a backend.</summary>
        /// <param name="backend">"any", "mpi", "ring", "nccl", or "jaccl".</param>
        /// <returns>Whether MLX was built with the backend. <see cref="Init"/> tells whether a group can be formed.</returns>
        /// <remarks>mlx.core.distributed.is_available; C: mlx_distributed_is_available.</remarks>
        public static bool IsAvailable(string backend = "any")
        {
            ArgumentNullException.ThrowIfNull(backend);
            using NativeText text = new(backend, nameof(backend));
            return Mlxc.mlx_distributed_is_available(text.Pointer) != 0;
        }

        /// <summary>
        /// The time that an evaluation waits for the other processes of a group before it fails; initially 10 minutes. With the ring
        /// backend, a closed connection is detected within seconds, so this limit is for processes that are stuck.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The time isn't positive.</exception>
        public static TimeSpan Timeout
        {
            get => PeerWatch.Timeout;
            set
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
                PeerWatch.Timeout = value;
            }
        }

        /// <summary>
        /// When the processes of a group compare the calls that they are about to make; by default, at the first use. Set the same value in
        /// all processes.
        /// </summary>
        /// <remarks>
        /// MLX sends raw bytes, so ranks that disagree about a shape or a dtype would compute wrong results or wait forever. A comparison
        /// evaluates arrays. Calls inside function transforms, and <see cref="Send"/> and <see cref="Recv"/>, are therefore not compared.
        /// </remarks>
        public static CollectiveChecks Checks
        {
            get => CollectiveAgreement.Checks;
            set => CollectiveAgreement.Checks = value is >= CollectiveChecks.Off and <= CollectiveChecks.Always
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "Use Off, FirstUse, or Always.");
        }

        /// <summary>Connects to the other processes.</summary>
        /// <param name="strict">Whether to throw instead of returning a group of one process if no connection can be made.</param>
        /// <param name="backend">"any", "mpi", "ring", "nccl", or "jaccl".</param>
        /// <param name="timeout">
        /// The time to wait for the other processes (ring, NCCL, JACCL; MPI waits without limit); null for one minute.
        /// </param>
        /// <returns>The group of all processes; later calls return the same one.</returns>
        /// <exception cref="MlxException">
        /// The backend is unknown, the environment (MLX_RANK, MLX_HOSTFILE) is invalid, a process didn't connect in time, or
        /// <paramref name="strict"/> is true and no connection can be made.
        /// </exception>
        /// <exception cref="ArgumentOutOfRangeException">The timeout isn't positive.</exception>
        /// <remarks>mlx.core.distributed.init; C: mlx_distributed_init.</remarks>
        public static DistributedGroup Init(bool strict = false, string backend = "any", TimeSpan? timeout = null)
        {
            ArgumentNullException.ThrowIfNull(backend);
            TimeSpan patience = timeout ?? TimeSpan.FromMinutes(1);
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience, TimeSpan.Zero, nameof(timeout));
            (GroupConnection connection, mlx_distributed_group group) = GroupConnection.Open(strict, backend, patience);
            return new DistributedGroup(group, connection, backend);
        }

        /// <summary>Sum over all processes.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>An array of the shape of <paramref name="x"/>, identical in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_sum; C: mlx_distributed_all_sum.</remarks>
        public static MlxArray AllSum(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_sum, "mlx_distributed_all_sum", x, group, stream);

        /// <summary>Maximum over all processes.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>An array of the shape of <paramref name="x"/>, identical in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_max; C: mlx_distributed_all_max.</remarks>
        public static MlxArray AllMax(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_max, "mlx_distributed_all_max", x, group, stream);

        /// <summary>Minimum over all processes.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>An array of the shape of <paramref name="x"/>, identical in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_min; C: mlx_distributed_all_min.</remarks>
        public static MlxArray AllMin(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_min, "mlx_distributed_all_min", x, group, stream);

        /// <summary>Arrays of all processes, joined along the first axis.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>An array whose first axis is that of <paramref name="x"/> times the number of processes.</returns>
        /// <remarks>mlx.core.distributed.all_gather; C: mlx_distributed_all_gather.</remarks>
        public static MlxArray AllGather(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_gather, "mlx_distributed_all_gather", x, group, stream);

        /// <summary>Sum over all processes, of which each gets its part of the first axis.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>An array whose first axis is that of <paramref name="x"/> divided by the number of processes.</returns>
        /// <exception cref="MlxException">
        /// The number of processes doesn't divide the first axis, or the backend isn't NCCL, the only one that supports this.
        /// </exception>
        /// <remarks>mlx.core.distributed.sum_scatter; C: mlx_distributed_sum_scatter.</remarks>
        public static MlxArray SumScatter(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_sum_scatter, "mlx_distributed_sum_scatter", x, group, stream);

        /// <summary>Sends an array to another process.</summary>
        /// <param name="x">An array or a scalar.</param>
        /// <param name="dst">The rank of the receiving process; in a ring, one of the two neighbors.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>The array itself, which is sent when the result is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or can't be reached, or the group has a single process.</exception>
        /// <remarks>mlx.core.distributed.send; C: mlx_distributed_send.</remarks>
        public static MlxArray Send(MlxArray x, int dst, DistributedGroup? group = null, MlxStream? stream = null)
            => WithNeighbor(&Mlxc.mlx_distributed_send, "send", x, dst, group, stream);

        /// <summary>Receives an array from another process.</summary>
        /// <param name="shape">The shape of the sent array.</param>
        /// <param name="dtype">The dtype of the sent array.</param>
        /// <param name="src">The rank of the sending process; in a ring, one of the two neighbors.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>The array, which is received when it is evaluated.</returns>
        /// <exception cref="ArgumentException">A size is negative.</exception>
        /// <exception cref="MlxException">The rank is out of range or can't be reached, or the group has a single process.</exception>
        /// <remarks>mlx.core.distributed.recv; C: mlx_distributed_recv.</remarks>
        public static MlxArray Recv(
            ReadOnlySpan<int> shape, DType dtype, int src, DistributedGroup? group = null, MlxStream? stream = null)
        {
            foreach (int length in shape)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(shape));
            }

            group ??= Global;
            CheckNeighbor(group, src, "recv");
            using DistributedGroup.Use used = group.Enter();
            mlx_array result = default;
            fixed (int* size = shape)
            {
                int status = Mlxc.mlx_distributed_recv(
                    &result, size, (nuint)shape.Length, NativeCall.DType(dtype), src, used.Group, Stream(group, stream));
                return NativeCall.Result(status, result, "mlx_distributed_recv");
            }
        }

        /// <summary>Receives an array of the shape and dtype of another.</summary>
        /// <param name="x">An array with the shape and the dtype of the sent array.</param>
        /// <param name="src">The rank of the sending process; in a ring, one of the two neighbors.</param>
        /// <param name="group">The participating processes; null for all processes.</param>
        /// <param name="stream">The stream; null for the stream on which the backend communicates.</param>
        /// <returns>The array, which is received when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or can't be reached, or the group has a single process.</exception>
        /// <remarks>mlx.core.distributed.recv_like; C: mlx_distributed_recv_like.</remarks>
        public static MlxArray RecvLike(MlxArray x, int src, DistributedGroup? group = null, MlxStream? stream = null)
            => WithNeighbor(&Mlxc.mlx_distributed_recv_like, "recv_like", x, src, group, stream);

        private static MlxArray WithNeighbor(
            delegate*<mlx_array*, mlx_array, int, mlx_distributed_group, mlx_stream, int> f,
            string operation,
            MlxArray x,
            int rank,
            DistributedGroup? group,
            MlxStream? stream)
        {
            ArgumentNullException.ThrowIfNull(x);
            group ??= Global;
            CheckNeighbor(group, rank, operation);
            using DistributedGroup.Use used = group.Enter();
            mlx_array result = default;
            int status = f(&result, x.Handle, rank, used.Group, Stream(group, stream));
            GC.KeepAlive(x);
            return NativeCall.Result(status, result, "mlx_distributed_" + operation);
        }

        /// <summary>
        /// Compares named arrays with those of the other processes at their first use, and throws in all processes if one differs.
        /// </summary>
        internal static void Agree(DistributedGroup group, string operation, IReadOnlyList<KeyValuePair<string, MlxArray>> arrays)
        {
            if (group.Size > 1)
            {
                PeerWatch.ThrowIfLost();
                using DistributedGroup.Use used = group.Enter();
                group.Connection.Agreement.Check(used.Group, Stream(group, null), operation, arrays);
            }
        }

        /// <summary><see cref="SumScatter"/> on every backend: those without it sum everything and take their part.</summary>
        internal static MlxArray SumScatterAnywhere(MlxArray x, DistributedGroup group, MlxStream? stream)
        {
            if (group.Connection.Transport is "nccl" or "none")
            {
                return SumScatter(x, group, stream);
            }

            using MlxArray sum = AllSum(x, group, stream);
            int part = x.Shape[0] / group.Size;
            return sum[(group.Rank * part)..((group.Rank + 1) * part)];
        }

        private static MlxArray Collective(
            delegate*<mlx_array*, mlx_array, mlx_distributed_group, mlx_stream, int> f, string function,
            MlxArray x, DistributedGroup? group, MlxStream? stream)
        {
            ArgumentNullException.ThrowIfNull(x);
            group ??= Global;
            using DistributedGroup.Use used = group.Enter();
            mlx_distributed_group native = used.Group;
            if (native.ctx == null)
            {
                return NativeCall.AsOperand(x, x.DType);
            }

            mlx_stream where = Stream(group, stream);
            if (group.Size > 1)
            {
                PeerWatch.ThrowIfLost();
                CheckRing(group, x, function);
                group.Connection.Agreement.Check(native, where, function["mlx_distributed_".Length..], x);
                PeerWatch.Called(function);
            }

            mlx_array result = default;
            int status = f(&result, NativeCall.Handle(x), native, where);
            GC.KeepAlive(x);
            GC.KeepAlive(group);
            return NativeCall.Result(status, result, function);
        }

        // Without this check, these errors would occur on the ring's own thread, where no code can catch them, and would end the process.
        private static void CheckRing(DistributedGroup group, MlxArray x, string function)
        {
            const int SmallBuffer = 1024;
            if (group.Connection.Transport == "ring" && function != "mlx_distributed_all_gather"
                && x.Size < group.Size && x.ItemSize * group.Size > SmallBuffer)
            {
                throw new MlxException($"The ring cannot reduce {x.Size} elements over {group.Size} processes: pad the array to at "
                    + $"least {group.Size}.", function);
            }
        }

        private static void CheckNeighbor(DistributedGroup group, int other, string name)
        {
            string function = "mlx_distributed_" + name;
            int size = group.Size, rank = group.Rank;
            if (size == 1)
            {
                throw new MlxException(
                    $"A group of one process has no other rank to {(name == "send" ? "send to" : "receive from")}.", function);
            }

            PeerWatch.ThrowIfLost();
            if (other < 0 || other >= size || other == rank)
            {
                throw new MlxException($"There is no other process of rank {other} in a group of {size}, of which this one is rank {rank}.",
                    function);
            }

            if (group.Connection.Transport == "ring" && other != (rank + 1) % size && other != (rank + size - 1) % size)
            {
                throw new MlxException(
                    $"In a ring, only neighboring ranks send and receive: rank {rank} of {size} reaches rank {(rank + size - 1) % size} "
                    + $"and rank {(rank + 1) % size}, not {other}. Pass the array on from rank to rank, or use all_gather.", function);
            }

            PeerWatch.Called(function);
        }

        // MLX leaves the choice to the backend, which mlx-c doesn't report.
        private static mlx_stream Stream(DistributedGroup group, MlxStream? stream)
        {
            DeviceType? needed = group.Connection.Device;
            if (stream is null)
            {
                return NativeCall.Stream(needed ?? DeviceType.Cpu);
            }

            if (needed is { } type && stream.Device.Type != type)
            {
                throw new ArgumentException(
                    $"The backend {group.Connection.Transport} communicates on the {type.ToString().ToUpperInvariant()}, not on {stream}: "
                    + $"leave the stream out, or give one of that device.", nameof(stream));
            }

            return NativeCall.Stream(stream);
        }
    }
}
