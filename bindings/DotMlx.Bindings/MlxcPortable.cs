namespace DotMlx.Bindings;

/// <summary>
/// The functions whose C signature differs between known mlx-c versions. They have the parameters and the meaning of the pinned version
/// with all versions.
/// </summary>
public static unsafe partial class MlxcPortable
{
    private static bool IsV0_6_0 => LoadedApi.Version == MlxcVersions.V0_6_0;

    private static bool IsV0_7_0 => LoadedApi.IsAtLeast(MlxcVersions.V0_7_0);

    /// <summary><c>mlx_cumsum</c> along one axis; mlx-c v0.7.0 calls it <c>mlx_cumsum_axis</c>.</summary>
    public static int mlx_cumsum(mlx_array* res, mlx_array a, int axis, byte reverse, byte inclusive, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_cumsum_axis(res, a, axis, reverse, inclusive, default, s)
        : Mlxc.mlx_cumsum(res, a, axis, reverse, inclusive, s);

    /// <summary><c>mlx_cumprod</c> along one axis; mlx-c v0.7.0 calls it <c>mlx_cumprod_axis</c>.</summary>
    public static int mlx_cumprod(mlx_array* res, mlx_array a, int axis, byte reverse, byte inclusive, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_cumprod_axis(res, a, axis, reverse, inclusive, default, s)
        : Mlxc.mlx_cumprod(res, a, axis, reverse, inclusive, s);

    /// <summary><c>mlx_cummax</c> along one axis; mlx-c v0.7.0 calls it <c>mlx_cummax_axis</c>.</summary>
    public static int mlx_cummax(mlx_array* res, mlx_array a, int axis, byte reverse, byte inclusive, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_cummax_axis(res, a, axis, reverse, inclusive, s)
        : Mlxc.mlx_cummax(res, a, axis, reverse, inclusive, s);

    /// <summary><c>mlx_cummin</c> along one axis; mlx-c v0.7.0 calls it <c>mlx_cummin_axis</c>.</summary>
    public static int mlx_cummin(mlx_array* res, mlx_array a, int axis, byte reverse, byte inclusive, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_cummin_axis(res, a, axis, reverse, inclusive, s)
        : Mlxc.mlx_cummin(res, a, axis, reverse, inclusive, s);

    /// <summary><c>mlx_logcumsumexp</c> along one axis; mlx-c v0.7.0 calls it <c>mlx_logcumsumexp_axis</c>.</summary>
    public static int mlx_logcumsumexp(mlx_array* res, mlx_array a, int axis, byte reverse, byte inclusive, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_logcumsumexp_axis(res, a, axis, reverse, inclusive, s)
        : Mlxc.mlx_logcumsumexp(res, a, axis, reverse, inclusive, s);

    /// <summary><c>mlx_median</c> over several axes; mlx-c v0.7.0 calls it <c>mlx_median_axes</c>.</summary>
    public static int mlx_median(mlx_array* res, mlx_array a, int* axes, nuint axes_num, byte keepdims, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_median_axes(res, a, axes, axes_num, keepdims, s)
        : Mlxc.mlx_median(res, a, axes, axes_num, keepdims, s);

    /// <summary><c>mlx_trace</c> of the plane of two axes; mlx-c v0.7.0 calls it <c>mlx_trace_axes</c>.</summary>
    public static int mlx_trace(mlx_array* res, mlx_array a, int offset, int axis1, int axis2, mlx_dtype dtype, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_trace_axes(res, a, offset, axis1, axis2, dtype, s)
        : Mlxc.mlx_trace(res, a, offset, axis1, axis2, dtype, s);

    /// <summary>
    /// <c>mlx_fast_scaled_dot_product_attention</c>; with mlx-c v0.7.0, <c>force_fused</c> is false, the behavior of older versions.
    /// </summary>
    public static int mlx_fast_scaled_dot_product_attention(
        mlx_array* res, mlx_array queries, mlx_array keys, mlx_array values, float scale, byte* mask_mode, mlx_array mask_arr,
        mlx_array sinks, mlx_stream s) => IsV0_7_0
        ? Mlxc.mlx_fast_scaled_dot_product_attention_v0_7_0(res, queries, keys, values, scale, mask_mode, mask_arr, sinks, 0, s)
        : Mlxc.mlx_fast_scaled_dot_product_attention(res, queries, keys, values, scale, mask_mode, mask_arr, sinks, s);

    /// <summary><c>mlx_detail_compile_clear_cache</c> of the calling thread's cache.</summary>
    public static int mlx_detail_compile_clear_cache()
    {
        if (!IsV0_7_0) return Mlxc.mlx_detail_compile_clear_cache();
        mlx_compile_cache cache = default;
        int status = Mlxc.mlx_detail_compile_cache(&cache);
        if (status == 0) status = Mlxc.mlx_detail_compile_clear_cache_v0_7_0(cache);
        _ = Mlxc.mlx_compile_cache_free(cache);
        return status;
    }

    /// <summary><c>mlx_detail_compile_erase</c> for the calling thread's cache; call it on the thread that compiled.</summary>
    public static int mlx_detail_compile_erase(nuint fun_id)
    {
        if (!IsV0_7_0) return Mlxc.mlx_detail_compile_erase(fun_id);
        mlx_compile_cache cache = default;
        int status = Mlxc.mlx_detail_compile_cache(&cache);
        if (status == 0) status = Mlxc.mlx_detail_compile_erase_v0_7_0(cache, fun_id);
        _ = Mlxc.mlx_compile_cache_free(cache);
        return status;
    }

    /// <summary><c>mlx_distributed_init</c>; mlx-c v0.6.0 returns the group instead of a status.</summary>
    public static int mlx_distributed_init(mlx_distributed_group* res, byte strict, byte* bk)
    {
        if (!IsV0_6_0) return Mlxc.mlx_distributed_init(res, strict, bk);
        *res = Mlxc.mlx_distributed_init_v0_6_0(strict, bk);
        return res->ctx is null ? 1 : 0;
    }

    /// <summary><c>mlx_distributed_group_split</c>; mlx-c v0.6.0 returns the group instead of a status.</summary>
    public static int mlx_distributed_group_split(mlx_distributed_group* res, mlx_distributed_group group, int color, int key)
    {
        if (!IsV0_6_0) return Mlxc.mlx_distributed_group_split(res, group, color, key);
        *res = Mlxc.mlx_distributed_group_split_v0_6_0(group, color, key);
        return res->ctx is null ? 1 : 0;
    }

    /// <summary><c>mlx_distributed_group_free</c>; mlx-c v0.6.0 keeps its groups until the process ends.</summary>
    public static int mlx_distributed_group_free(mlx_distributed_group group) => IsV0_6_0 ? 0 : Mlxc.mlx_distributed_group_free(group);

    /// <summary><c>mlx_fft_fft</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_fft(mlx_array* res, mlx_array a, int n, int axis, mlx_fft_norm norm, mlx_stream s) =>
        OnlyBackward("mlx_fft_fft", norm)
        ? Mlxc.mlx_fft_fft_v0_6_0(res, a, n, axis, s)
        : Mlxc.mlx_fft_fft(res, a, n, axis, norm, s);

    /// <summary><c>mlx_fft_ifft</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_ifft(mlx_array* res, mlx_array a, int n, int axis, mlx_fft_norm norm, mlx_stream s) =>
        OnlyBackward("mlx_fft_ifft", norm)
        ? Mlxc.mlx_fft_ifft_v0_6_0(res, a, n, axis, s)
        : Mlxc.mlx_fft_ifft(res, a, n, axis, norm, s);

    /// <summary><c>mlx_fft_rfft</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_rfft(mlx_array* res, mlx_array a, int n, int axis, mlx_fft_norm norm, mlx_stream s) =>
        OnlyBackward("mlx_fft_rfft", norm)
        ? Mlxc.mlx_fft_rfft_v0_6_0(res, a, n, axis, s)
        : Mlxc.mlx_fft_rfft(res, a, n, axis, norm, s);

    /// <summary><c>mlx_fft_irfft</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_irfft(mlx_array* res, mlx_array a, int n, int axis, mlx_fft_norm norm, mlx_stream s) =>
        OnlyBackward("mlx_fft_irfft", norm)
        ? Mlxc.mlx_fft_irfft_v0_6_0(res, a, n, axis, s)
        : Mlxc.mlx_fft_irfft(res, a, n, axis, norm, s);

    /// <summary><c>mlx_fft_fft2</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_fft2(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_fft2", norm)
        ? Mlxc.mlx_fft_fft2_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_fft2(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_fftn</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_fftn(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_fftn", norm)
        ? Mlxc.mlx_fft_fftn_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_fftn(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_ifft2</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_ifft2(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_ifft2", norm)
        ? Mlxc.mlx_fft_ifft2_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_ifft2(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_ifftn</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_ifftn(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_ifftn", norm)
        ? Mlxc.mlx_fft_ifftn_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_ifftn(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_rfft2</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_rfft2(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_rfft2", norm)
        ? Mlxc.mlx_fft_rfft2_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_rfft2(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_rfftn</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_rfftn(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_rfftn", norm)
        ? Mlxc.mlx_fft_rfftn_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_rfftn(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_irfft2</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_irfft2(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_irfft2", norm)
        ? Mlxc.mlx_fft_irfft2_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_irfft2(res, a, n, n_num, axes, axes_num, norm, s);

    /// <summary><c>mlx_fft_irfftn</c>; mlx-c v0.6.0 supports only the backward norm.</summary>
    /// <exception cref="NotSupportedException">The norm isn't backward, and mlx-c is v0.6.0.</exception>
    public static int mlx_fft_irfftn(mlx_array* res, mlx_array a, int* n, nuint n_num, int* axes, nuint axes_num, mlx_fft_norm norm,
        mlx_stream s) => OnlyBackward("mlx_fft_irfftn", norm)
        ? Mlxc.mlx_fft_irfftn_v0_6_0(res, a, n, n_num, axes, axes_num, s)
        : Mlxc.mlx_fft_irfftn(res, a, n, n_num, axes, axes_num, norm, s);

    private static bool OnlyBackward(string function, mlx_fft_norm norm)
    {
        if (!IsV0_6_0) return false;
        return norm == mlx_fft_norm.MLX_FFT_NORM_BACKWARD ? true : throw new NotSupportedException(
            $"{function} with {norm} needs mlx-c fba4470 or newer; the loaded one is v0.6.0, which supports only MLX_FFT_NORM_BACKWARD. "
            + $"Use the backward norm and scale the result, or install a newer mlx-c.");
    }
}
