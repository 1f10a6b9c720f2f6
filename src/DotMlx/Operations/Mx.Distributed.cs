using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Communication between processes (mlx.core.distributed). In a group of one process, reductions return their input.</summary>
    public static unsafe partial class Distributed
    {
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

        /// <summary>Connects to the other processes.</summary>
        /// <param name="strict">Whether to throw, instead of giving a group of one process, when no connection can be made.</param>
        /// <param name="backend">"any", "mpi", "ring", "nccl" or "jaccl".</param>
        /// <returns>The group of all processes; later calls give the same one.</returns>
        /// <exception cref="MlxException">The backend is unknown, or <paramref name="strict"/> is set and no connection can be made.</exception>
        /// <remarks>mlx.core.distributed.init; C: mlx_distributed_init.</remarks>
        public static DistributedGroup Init(bool strict = false, string backend = "any")
        {
            ArgumentNullException.ThrowIfNull(backend);
            using NativeText text = new(backend, nameof(backend));
            mlx_distributed_group result = default;
            MlxError.ThrowIfFailed(
                MlxcPortable.mlx_distributed_init(&result, Native.Byte(strict), text.Pointer), "mlx_distributed_init");
            return new DistributedGroup(result, backend);
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
        /// <exception cref="MlxException">The first axis cannot be divided, or the backend is not NCCL.</exception>
        /// <remarks>mlx.core.distributed.sum_scatter; C: mlx_distributed_sum_scatter.</remarks>
        public static MlxArray SumScatter(MlxArray x, DistributedGroup? group = null, MlxStream? stream = null)
            => Collective(&Mlxc.mlx_distributed_sum_scatter, "mlx_distributed_sum_scatter", x, group, stream);

        /// <summary>Sends an array to another process.</summary>
        /// <param name="x">Array or scalar.</param>
        /// <param name="dst">Rank of the process that receives it.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array itself; the sending happens when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.send; C: mlx_distributed_send.</remarks>
        public static MlxArray Send(MlxArray x, int dst, DistributedGroup? group = null, MlxStream? stream = null)
        {
            mlx_array result = default;
            int status = Mlxc.mlx_distributed_send(&result, Op.Handle(x), dst, Handle(group), Stream(group, stream));
            GC.KeepAlive(x);
            GC.KeepAlive(group);
            return Op.Result(status, result, "mlx_distributed_send");
        }

        /// <summary>Receives an array from another process.</summary>
        /// <param name="shape">Shape of the array that is sent.</param>
        /// <param name="dtype">Dtype of the array that is sent.</param>
        /// <param name="src">Rank of the process that sends it.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array; the receiving happens when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.recv; C: mlx_distributed_recv.</remarks>
        public static MlxArray Recv(
            ReadOnlySpan<int> shape, DType dtype, int src, DistributedGroup? group = null, MlxStream? stream = null)
        {
            mlx_array result = default;
            fixed (int* size = shape)
            {
                int status = Mlxc.mlx_distributed_recv(
                    &result, size, (nuint)shape.Length, Native.DType(dtype), src, Handle(group), Stream(group, stream));
                GC.KeepAlive(group);
                return Op.Result(status, result, "mlx_distributed_recv");
            }
        }

        /// <summary>Receives an array of the shape and dtype of another.</summary>
        /// <param name="x">Array whose shape and dtype the one that is sent has.</param>
        /// <param name="src">Rank of the process that sends it.</param>
        /// <param name="group">Processes that take part; null for the global group.</param>
        /// <param name="stream">Stream to run on; null for the one the backend communicates on.</param>
        /// <returns>The array; the receiving happens when it is evaluated.</returns>
        /// <exception cref="MlxException">The rank is out of range or the group is a single process.</exception>
        /// <remarks>mlx.core.distributed.recv_like; C: mlx_distributed_recv_like.</remarks>
        public static MlxArray RecvLike(MlxArray x, int src, DistributedGroup? group = null, MlxStream? stream = null)
        {
            mlx_array result = default;
            int status = Mlxc.mlx_distributed_recv_like(&result, Op.Handle(x), src, Handle(group), Stream(group, stream));
            GC.KeepAlive(x);
            GC.KeepAlive(group);
            return Op.Result(status, result, "mlx_distributed_recv_like");
        }

        private static MlxArray Collective(
            delegate*<mlx_array*, mlx_array, mlx_distributed_group, mlx_stream, int> f, string function,
            MlxArray x, DistributedGroup? group, MlxStream? stream)
        {
            mlx_array result = default;
            int status = f(&result, Op.Handle(x), Handle(group), Stream(group, stream));
            GC.KeepAlive(x);
            GC.KeepAlive(group);
            return Op.Result(status, result, function);
        }

        private static mlx_distributed_group Handle(DistributedGroup? group) => group is null ? default : group.Native;

        // MLX leaves the choice to the backend, which mlx-c cannot be asked for: NCCL communicates on the GPU, all others on the CPU.
        private static mlx_stream Stream(DistributedGroup? group, MlxStream? stream)
        {
            if (stream is not null)
            {
                return Op.Stream(stream);
            }

            bool nccl = group?.Backend switch
            {
                "nccl" => true,
                null or "any" => Cuda.IsAvailable() && IsAvailable("nccl")
                    && Environment.GetEnvironmentVariable("NCCL_HOST_IP") is not null,
                _ => false,
            };
            return Op.Stream(nccl ? DeviceType.Gpu : DeviceType.Cpu);
        }
    }
}
