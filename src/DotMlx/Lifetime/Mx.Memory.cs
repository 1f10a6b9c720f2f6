using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>The number of bytes that MLX uses for arrays, without its cache (<c>mx.get_active_memory</c>).</summary>
    public static long GetActiveMemory()
    {
        NativeFree.FreeUnreachable();
        return Figure(&Mlxc.mlx_get_active_memory, "mlx_get_active_memory");
    }

    /// <summary>The maximum number of bytes that MLX has used since the start or the last reset (<c>mx.get_peak_memory</c>).</summary>
    public static long GetPeakMemory() => Figure(&Mlxc.mlx_get_peak_memory, "mlx_get_peak_memory");

    /// <summary>Resets the peak (<c>mx.reset_peak_memory</c>).</summary>
    public static void ResetPeakMemory() => MlxError.ThrowIfFailed(Mlxc.mlx_reset_peak_memory(), "mlx_reset_peak_memory");

    /// <summary>The number of bytes that MLX keeps for reuse (<c>mx.get_cache_memory</c>).</summary>
    public static long GetCacheMemory()
    {
        NativeFree.FreeUnreachable();
        return Figure(&Mlxc.mlx_get_cache_memory, "mlx_get_cache_memory");
    }

    /// <summary>The number of bytes above which MLX waits for running work before it allocates (<c>mlx_get_memory_limit</c>).</summary>
    public static long GetMemoryLimit() => Figure(&Mlxc.mlx_get_memory_limit, "mlx_get_memory_limit");

    /// <summary>Sets the memory limit (<c>mx.set_memory_limit</c>).</summary>
    /// <param name="limit">The limit in bytes.</param>
    /// <returns>The previous limit, in bytes.</returns>
    public static long SetMemoryLimit(long limit) => Limit(&Mlxc.mlx_set_memory_limit, "mlx_set_memory_limit", limit);

    /// <summary>Sets the maximum number of bytes that MLX keeps for reuse; 0 turns the cache off (<c>mx.set_cache_limit</c>).</summary>
    /// <inheritdoc cref="SetMemoryLimit"/>
    public static long SetCacheLimit(long limit) => Limit(&Mlxc.mlx_set_cache_limit, "mlx_set_cache_limit", limit);

    /// <summary>Sets the number of bytes that stay wired for the GPU, on macOS 15 and later (<c>mx.set_wired_limit</c>).</summary>
    /// <inheritdoc cref="SetMemoryLimit"/>
    public static long SetWiredLimit(long limit) => Limit(&Mlxc.mlx_set_wired_limit, "mlx_set_wired_limit", limit);

    /// <summary>Returns the cache to the system (<c>mx.clear_cache</c>).</summary>
    public static void ClearCache()
    {
        NativeFree.FreeUnreachable();
        MlxError.ThrowIfFailed(Mlxc.mlx_clear_cache(), "mlx_clear_cache");
    }

    private static long Figure(delegate*<nuint*, int> f, string function)
    {
        nuint bytes = 0;
        MlxError.ThrowIfFailed(f(&bytes), function);
        return Saturate(bytes);
    }

    private static long Limit(delegate*<nuint*, nuint, int> f, string function, long limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        nuint before = 0;
        MlxError.ThrowIfFailed(f(&before, (nuint)limit), function);
        return Saturate(before);
    }

    // MLX represents "no limit" by the largest number.
    private static long Saturate(nuint bytes) => bytes > long.MaxValue ? long.MaxValue : (long)bytes;
}
