using System.Runtime.InteropServices;
using DotMlx.Bindings;

namespace DotMlx.Reference;

/// <summary>distributed.h and distributed_group.h for a single process: a group of one, whose collectives return their input.</summary>
internal static unsafe class DistributedFunctions
{
    private sealed class Group
    {
        internal static readonly Group Alone = new();
    }

    private static void Check(mlx_distributed_group group) => Handles.GetOrNull<Group>(group.ctx, nameof(mlx_distributed_group));

    public static byte mlx_distributed_is_available(byte* bk) => Bool(false);

    public static int mlx_distributed_init(mlx_distributed_group* res, byte strict, byte* bk)
    {
        string? backend = Marshal.PtrToStringUTF8((nint)bk);
        if (backend is not (null or "any" or "mpi" or "ring" or "nccl" or "jaccl"))
            throw new MlxFailure($"[distributed] The only valid values for backend are 'any', 'mpi', "
                + $"'nccl', 'jaccl' and 'ring' but '{backend}' was provided.");
        if (strict != 0) throw new MlxFailure("[distributed] Couldn't initialize any backend: the reference library does not communicate.");
        return Assign(&res->ctx, Group.Alone);
    }

    public static mlx_distributed_group mlx_distributed_group_new() => default;

    public static int mlx_distributed_group_free(mlx_distributed_group group) => Handles.Free(group.ctx, nameof(mlx_distributed_group));

    public static int mlx_distributed_group_rank(mlx_distributed_group group) =>
        Handles.Get<Group>(group.ctx, nameof(mlx_distributed_group)) is null ? -1 : 0;

    public static int mlx_distributed_group_size(mlx_distributed_group group) => mlx_distributed_group_rank(group) + 1;

    public static int mlx_distributed_group_split(mlx_distributed_group* res, mlx_distributed_group group, int color, int key) =>
        throw new MlxFailure("Cannot split the distributed group further.");

    private static int Unchanged(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream s)
    {
        Check(group);
        Of(s);
        return Assign(&res->ctx, Array_(x));
    }

    public static int mlx_distributed_all_gather(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream S) =>
        Unchanged(res, x, group, S);

    public static int mlx_distributed_all_sum(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Unchanged(res, x, group, s);

    public static int mlx_distributed_all_max(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Unchanged(res, x, group, s);

    public static int mlx_distributed_all_min(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Unchanged(res, x, group, s);

    public static int mlx_distributed_sum_scatter(mlx_array* res, mlx_array x, mlx_distributed_group group, mlx_stream s) =>
        Unchanged(res, x, group, s);

    public static int mlx_distributed_send(mlx_array* res, mlx_array x, int dst, mlx_distributed_group group, mlx_stream s) =>
        throw new MlxFailure("Cannot send to a singleton group");

    public static int mlx_distributed_recv(mlx_array* res, int* shape, nuint shape_num, mlx_dtype dtype, int src,
        mlx_distributed_group group, mlx_stream s) =>
        throw new MlxFailure("Cannot recv from a singleton group");

    public static int mlx_distributed_recv_like(mlx_array* res, mlx_array x, int src, mlx_distributed_group group, mlx_stream s) =>
        throw new MlxFailure("Cannot recv from a singleton group");
}
