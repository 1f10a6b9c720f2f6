using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Communication between processes (mlx.core.distributed). In a group of one process, reductions return their input.</summary>
    public static unsafe partial class Distributed
    {
        private static DistributedGroup? _global;

        // For those who name no group: made once, and disposed by nobody.
        private static DistributedGroup Global => _global ??= Init();

        /// <summary>Whether MLX was built with a backend.</summary>
        /// <param name="backend">"any", "mpi", "ring", "nccl" or "jaccl".</param>
        /// <returns>True when it was; whether a group can be made, <see cref="Init"/> tells.</returns>
        /// <remarks>mlx.core.distributed.is_available; C: mlx_distributed_is_available.</remarks>
        public static bool IsAvailable(string backend = "any")
        {
            ArgumentNullException.ThrowIfNull(backend);
            using NativeText text = new(backend, nameof(backend));
            return Mlxc.mlx_distributed_is_available(text.Pointer) != 0;
        }

        /// <summary>
        /// How long an evaluation waits for the other processes of a group before it fails; 10 minutes at first. A process whose
        /// connection is closed is noticed within seconds (ring), so this is for those that stand still.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The time is not positive.</exception>
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
        /// When the processes of a group compare what they are about to communicate; at its first use, unless set. Set the same in all
        /// processes.
        /// </summary>
        /// <remarks>
        /// MLX sends bare bytes, so ranks that disagree about a shape or a dtype would compute with wrong numbers or wait for ever. A
        /// comparison evaluates; so inside function transforms, and of <see cref="Send"/> and <see cref="Recv"/>, there is none.
        /// </remarks>
        public static CollectiveChecks Checks
        {
            get => CollectiveAgreement.Checks;
            set => CollectiveAgreement.Checks = value is >= CollectiveChecks.Off and <= CollectiveChecks.Always
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "Use Off, FirstUse or Always.");
        }

        /// <summary>Connects to the other processes.</summary>
        /// <param name="strict">Whether to throw, instead of giving a group of one process, when no connection can be made.</param>
        /// <param name="backend">"any", "mpi", "ring", "nccl" or "jaccl".</param>
        /// <param name="timeout">
        /// How long to wait for the other processes (ring, NCCL, JACCL; MPI waits without limit); null for a minute.
        /// </param>
        /// <returns>The group of all processes; later calls give the same one.</returns>
        /// <exception cref="MlxException">
        /// The backend is unknown, the environment (MLX_RANK, MLX_HOSTFILE) makes no sense, a process does not come, or
        /// <paramref name="strict"/> is set and no connection can be made.
        /// </exception>
        /// <exception cref="ArgumentOutOfRangeException">The timeout is not positive.</exception>
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
        /// <param name="x">Array or scalar.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>Array of the shape of <paramref name="x"/>, the same in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_sum; C: mlx_distributed_all_sum.</remarks>
        public static MlxArray AllSum(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_sum, "mlx_distributed_all_sum", x, group, stream);

        /// <summary>Maximum over all processes.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>Array of the shape of <paramref name="x"/>, the same in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_max; C: mlx_distributed_all_max.</remarks>
        public static MlxArray AllMax(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_max, "mlx_distributed_all_max", x, group, stream);

        /// <summary>Minimum over all processes.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>Array of the shape of <paramref name="x"/>, the same in all processes.</returns>
        /// <remarks>mlx.core.distributed.all_min; C: mlx_distributed_all_min.</remarks>
        public static MlxArray AllMin(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_min, "mlx_distributed_all_min", x, group, stream);

        /// <summary>Arrays of all processes, joined along the first axis.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>Array whose first axis is as many times longer as there are processes.</returns>
        /// <remarks>mlx.core.distributed.all_gather; C: mlx_distributed_all_gather.</remarks>
        public static MlxArray AllGather(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_all_gather, "mlx_distributed_all_gather", x, group, stream);

        /// <summary>Sum over all processes, of which each gets its part of the first axis.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>Array whose first axis is divided by the number of processes.</returns>
        /// <exception cref="MlxException">
        /// The first axis cannot be divided, or the backend is not NCCL, the only one that has this.
        /// </exception>
        /// <remarks>mlx.core.distributed.sum_scatter; C: mlx_distributed_sum_scatter.</remarks>
        public static MlxArray SumScatter(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_sum_scatter, "mlx_distributed_sum_scatter", x, group, stream);

        /// <summary>Sends an array to another process.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="dst">Rank of the process that receives it; in a ring one of the two neighbours.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array itself; the sending happens when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or cannot be reached, or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.send; C: mlx_distributed_send.</remarks>
        public static MlxArray Send(MlxArray x, int dst, DistributedGroup? group = null, MlxStream? stream = null)
            => WithNeighbour(&Mlxc.mlx_distributed_send, "send", x, dst, group, stream);

        /// <summary>Receives an array from another process.</summary>
        /// <param name="shape">Shape of the array that is sent.</param>
        /// <param name="dtype">Dtype of the array that is sent.</param>
        /// <param name="src">Rank of the process that sends it; in a ring one of the two neighbours.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array; the receiving happens when it is evaluated.</returns>
        /// <exception cref="ArgumentException">A length is negative.</exception>
        /// <exception cref="MlxException">The rank is out of range or cannot be reached, or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.recv; C: mlx_distributed_recv.</remarks>
        public static MlxArray Recv(
            ReadOnlySpan<int> shape, DType dtype, int src, DistributedGroup? group = null, MlxStream? stream = null)
        {
            foreach (int length in shape)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(shape));
            }

            group ??= Global;
            CheckNeighbour(group, src, "recv");
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
        /// <param name="x">Array whose shape and dtype the one that is sent has.</param>
        /// <param name="src">Rank of the process that sends it; in a ring one of the two neighbours.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array; the receiving happens when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or cannot be reached, or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.recv_like; C: mlx_distributed_recv_like.</remarks>
        public static MlxArray RecvLike(MlxArray x, int src, DistributedGroup? group = null, MlxStream? stream = null)
            => WithNeighbour(&Mlxc.mlx_distributed_recv_like, "recv_like", x, src, group, stream);

        private static MlxArray WithNeighbour(
            delegate*<mlx_array*, mlx_array, int, mlx_distributed_group, mlx_stream, int> f,
            string operation,
            MlxArray x,
            int rank,
            DistributedGroup? group,
            MlxStream? stream)
        {
            ArgumentNullException.ThrowIfNull(x);
            group ??= Global;
            CheckNeighbour(group, rank, operation);
            using DistributedGroup.Use used = group.Enter();
            mlx_array result = default;
            int status = f(&result, x.Handle, rank, used.Group, Stream(group, stream));
            GC.KeepAlive(x);
            return NativeCall.Result(status, result, "mlx_distributed_" + operation);
        }

        /// <summary>
        /// Compares named arrays with those of the other processes when they are new, and throws in all where one differs.
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

        // What follows would end the process: the ring's own thread raises these errors, where nobody can catch them.
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

        private static void CheckNeighbour(DistributedGroup group, int other, string name)
        {
            string function = "mlx_distributed_" + name;
            int size = group.Size, rank = group.Rank;
            if (size == 1)
            {
                throw new MlxException($"A group of one process has nobody to {(name == "send" ? "send to" : "receive from")}.", function);
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
                    $"In a ring only neighbours send and receive: rank {rank} of {size} reaches rank {(rank + size - 1) % size} and "
                    + $"rank {(rank + 1) % size}, not {other}. Pass the array on from rank to rank, or use all_gather.", function);
            }

            PeerWatch.Called(function);
        }

        // MLX leaves the choice to the backend, which mlx-c cannot be asked for.
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
