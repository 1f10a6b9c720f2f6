using System.Numerics;
using DotMlx.Bindings;
using static DotMlx.Bindings.mlx_dtype;

namespace DotMlx.Reference;

/// <summary>
/// fast.h composed of ordinary operations: normalization, rotary position encoding, and attention. Also the Hadamard transform.
/// </summary>
internal static unsafe class FastFunctions
{
    public static Tensor mlx_fast_rms_norm(Tensor x, Tensor? weight, float eps)
    {
        var type = NormType("rms_norm", x, ("(*weight)", weight), ("bias", null));
        var y = mlx_astype(x, MLX_FLOAT32);
        y = mlx_astype(y * mlx_rsqrt(mlx_mean_axis(mlx_square(y), -1, true) + eps), type);
        return weight is null ? y : y * mlx_astype(weight, type);
    }

    public static Tensor mlx_fast_layer_norm(Tensor x, Tensor? weight, Tensor? bias, float eps)
    {
        var type = NormType("layer_norm", x, ("weight", weight), ("bias", bias));
        var y = mlx_astype(x, MLX_FLOAT32);
        y -= mlx_mean_axis(y, -1, true);
        y = mlx_astype(y * mlx_rsqrt(mlx_mean_axis(mlx_square(y), -1, true) + eps), type);
        if (weight is not null) y *= mlx_astype(weight, type);
        return bias is null ? y : y + mlx_astype(bias, type);
    }

    private static mlx_dtype NormType(string name, Tensor x, params ReadOnlySpan<(string Name, Tensor? Value)> parameters)
    {
        if (x.NDim == 0) throw new MlxFailure($"[{name}] Input must have at least 1 dimension but got input with 0 dimensions.");
        foreach (var (parameter, value) in parameters)
        {
            if (value is null) continue;
            if (value.NDim != 1) throw new MlxFailure($"[{name}] {parameter} must have 1 dimension but has {value.NDim} dimensions.");
            if (value.Size != x.Shape[^1])
                throw new MlxFailure($"[{name}] {parameter} must have the same size as the last dimension "
                    + $"of x but has {value.Size} elements.");
        }
        var type = parameters[0].Value is { } weight ? DTypes.Promote(x.DType, weight.DType) : x.DType;
        if (parameters[0].Value is not null && parameters[1].Value is { } bias) type = DTypes.Promote(type, bias.DType);
        return DTypes.IsFloating(type) ? type : throw new MlxFailure($"[{name}] Received unsupported type {DTypes.Name(type)}.");
    }

    public static Tensor mlx_fast_rope(Tensor x, int dims, bool traditional, float? @base, float scale, int offset, Tensor? freqs) =>
        mlx_fast_rope_dynamic(x, dims, traditional, @base, scale, One(MLX_INT32, offset), freqs);

    public static Tensor mlx_fast_rope_dynamic(Tensor x, int dims, bool traditional, float? @base, float scale,
        Tensor offset, Tensor? freqs)
    {
        CheckRope(x, dims, @base, offset, freqs);
        var half = dims / 2;
        var y = x.NDim == 3 ? mlx_expand_dims(x, 1) : x.NDim > 4 ? mlx_flatten(x, 1, x.NDim - 3) : x;
        var from = offset.Size > 1 ? mlx_expand_dims_axes(offset, [-1, -2]) : offset.NDim == 0 ? offset : mlx_reshape(offset, []);
        var positions = (mlx_arange(0, y.Shape[2], 1, MLX_FLOAT32) + from) * scale;
        var inverse = freqs is not null
            ? mlx_reciprocal(mlx_astype(freqs, MLX_FLOAT32))
            : mlx_exp(mlx_arange(0, -half, -1, MLX_FLOAT32) * (MathF.Log(@base!.Value) / half));
        var angle = mlx_expand_dims(positions, -1) * inverse;
        var (cos, sin) = (mlx_astype(mlx_cos(angle), x.DType), mlx_astype(mlx_sin(angle), x.DType));

        // Pairs are adjacent features, or features half the dimensions apart.
        var turned = Range(y, 3, 0, dims);
        int[] paired = traditional ? [.. y.Shape[..3], half, 2] : [.. y.Shape[..3], 2, half];
        var axis = traditional ? 4 : 3;
        var pairs = mlx_split(mlx_reshape(turned, paired), 2, axis);
        var (a, b) = (mlx_squeeze_axis(pairs[0], axis), mlx_squeeze_axis(pairs[1], axis));
        var result = mlx_reshape(mlx_stack_axis([a * cos - b * sin, a * sin + b * cos], axis), turned.Shape);
        if (dims < y.Shape[3]) result = mlx_concatenate_axis([result, Range(y, 3, dims, y.Shape[3])], 3);
        return mlx_reshape(result, x.Shape);
    }

    private static void CheckRope(Tensor x, int dims, float? @base, Tensor offset, Tensor? freqs)
    {
        if (freqs is not null && @base is not null) throw new MlxFailure("[rope] Only one of base or freqs can have a value.");
        if (freqs is null && @base is null) throw new MlxFailure("[rope] Neither base nor freqs has a value.");
        if (x.NDim < 3) throw new MlxFailure($"[rope] Input must have at least 3 dimensions but got input with {x.NDim} dimensions.");
        if (!DTypes.IsFloating(x.DType)) throw new MlxFailure($"[rope] Input must be a floating type but got {DTypes.Name(x.DType)}.");
        if (offset.NDim > 1) throw new MlxFailure($"[rope] offset must have at most one dimension but has "
            + $"shape {Errors.Text(offset.Shape)}.");
        if (offset.Size != 1 && offset.Size != x.Shape[0])
            throw new MlxFailure($"[rope] offset must be a scalar or vector with {x.Shape[0]} elements but "
                + $"has shape {Errors.Text(offset.Shape)}.");
        if (!DTypes.IsInteger(offset.DType))
            throw new MlxFailure($"[rope] offset must be an integer but got type {DTypes.Name(offset.DType)}.");
        if (dims <= 0) throw new MlxFailure($"[rope] dims must be positive but got {dims}.");
        if (dims % 2 != 0) throw new MlxFailure($"[rope] dims must be even but got {dims}.");
        if (dims > x.Shape[^1])
            throw new MlxFailure($"[rope] dims must not exceed the input's last dimension ({x.Shape[^1]}) but got {dims}.");
        if (freqs is not null && !freqs.Shape.AsSpan().SequenceEqual([dims / 2]))
        {
            throw new MlxFailure($"[rope] freqs must be one dimensional with size {dims / 2} but got shape {Errors.Text(freqs.Shape)}.");
        }
    }

    public static Tensor mlx_fast_scaled_dot_product_attention(
        Tensor queries, Tensor keys, Tensor values, float scale, string? mask_mode, Tensor? mask_arr, Tensor? sinks)
    {
        var type = CheckAttention(queries, keys, values, mask_mode ?? "", mask_arr, sinks);
        var (q, k, v) = (mlx_astype(queries, type) * scale, mlx_astype(keys, type), mlx_astype(values, type));
        var (heads, shared) = (queries.Shape[1], keys.Shape[1]);
        var (batch, rows, columns) = (queries.Shape[0], queries.Shape[2], keys.Shape[2]);
        // Query heads that share a key head get their own axis.
        q = mlx_unflatten(q, 1, [shared, heads / shared]);
        (k, v) = (mlx_expand_dims(k, 2), mlx_expand_dims(v, 2));
        var scores = mlx_matmul(q, mlx_swapaxes(k, -1, -2));
        var mask = mask_mode == "causal"
            ? mlx_greater_equal(mlx_expand_dims(mlx_arange(columns - rows, columns, 1, MLX_INT32), 1),
                mlx_expand_dims(mlx_arange(0, columns, 1, MLX_INT32), 0))
            : mask_arr is null
                ? null
                : mlx_unflatten(mlx_broadcast_to(mask_arr, [batch, heads, rows, columns]), 1, [shared, heads / shared]);
        if (mask is not null)
        {
            scores = mask.DType == MLX_BOOL ? mlx_where(mask, scores, Lowest(type)) : scores + mlx_astype(mask, type);
        }
        if (sinks is not null)
        {
            var first = mlx_reshape(mlx_astype(sinks, type), [1, shared, heads / shared, 1, 1]);
            scores = mlx_concatenate_axis([mlx_broadcast_to(first, Shapes.With(scores.Shape, 4, 1)), scores], -1);
        }
        scores = mlx_softmax_axis(scores, -1, true);
        if (sinks is not null) scores = Range(scores, 4, 1, columns + 1);
        return mlx_flatten(mlx_matmul(scores, v), 1, 2);
    }

    private static Tensor Lowest(mlx_dtype type) => Scalar(type switch
    {
        MLX_FLOAT16 => (double)Half.MinValue,
        MLX_BFLOAT16 => Lanes.FromBFloat16(0xFF7F),
        MLX_FLOAT64 => double.MinValue,
        _ => float.MinValue,
    }, type);

    private static mlx_dtype CheckAttention(Tensor queries, Tensor keys, Tensor values, string mode, Tensor? mask, Tensor? sinks)
    {
        const string Name = "[scaled_dot_product_attention]";
        foreach (var tensor in (ReadOnlySpan<Tensor>)[queries, keys, values])
        {
            if (tensor.NDim != 4) throw new MlxFailure($"{Name} input with shape {Errors.Text(tensor.Shape)} expected to be rank 4");
            if (tensor.Shape[0] != queries.Shape[0])
                throw new MlxFailure($"{Name} mismatching batch dimension for input with shape {Errors.Text(tensor.Shape)}.");
        }
        if (mode is not ("" or "causal" or "array"))
            throw new MlxFailure($"{Name} Invalid mask_mode {mode}. mask_mode must be 'causal', 'array' or ''.");
        if (mode == "causal" && mask is not null)
            throw new MlxFailure($"{Name} Invalid mask_arr for mask_mode 'causal'. No array mask should be passed.");
        if (mask is { NDim: > 4 })
            throw new MlxFailure($"{Name} the mask with shape {Errors.Text(mask.Shape)} expected to have at most rank 4.");
        if (queries.Shape[3] != keys.Shape[3])
        {
            throw new MlxFailure($"{Name} query, keys expected to have matching last dimension; found query "
                + $"shape {Errors.Text(queries.Shape)} for keys shape {Errors.Text(keys.Shape)}.");
        }
        if (keys.Shape[1] != values.Shape[1])
        {
            throw new MlxFailure($"{Name} keys, values expected to have matching n_kv_heads; found keys with n_heads {keys.Shape[1]} for "
                + $"values with n_heads {values.Shape[1]}.");
        }
        if (keys.Shape[1] == 0 || queries.Shape[1] % keys.Shape[1] != 0)
        {
            throw new MlxFailure($"{Name} n_heads must be a multiple of n_kv_heads, found "
                + $"n_heads {queries.Shape[1]} for n_kv_heads {keys.Shape[1]}.");
        }
        var type = DTypes.Promote([queries, keys, values]);
        if (!DTypes.IsFloating(type)) throw new MlxFailure($"{Name} Received unsupported type {DTypes.Name(type)}.");
        if (mask is not null && DTypes.Promote(mask.DType, type) != type)
            throw new MlxFailure($"{Name} Mask type must promote to output type {DTypes.Name(type)}.");
        if (sinks is not null && DTypes.Promote(sinks.DType, type) != type)
            throw new MlxFailure($"{Name} Type of sinks must promote to output type {DTypes.Name(type)}.");
        if (sinks is not null && !sinks.Shape.AsSpan().SequenceEqual([queries.Shape[1]]))
            throw new MlxFailure($"{Name} Received invalid shape for sinks {Errors.Text(sinks.Shape)}.");
        return type;
    }

    public static Tensor mlx_hadamard_transform(Tensor a, float? scale)
    {
        if (a.Size == 0) throw new MlxFailure("[hadamard_transform] Does not support empty arrays.");
        var n = a.NDim > 0 ? a.Shape[^1] : 1;
        var type = DTypes.IsFloating(a.DType) ? a.DType : MLX_FLOAT32;
        var factor = scale ?? 1 / MathF.Sqrt(n);
        if (n == 1) return factor == 1 ? a : a * Scalar(factor, type);
        if (!BitOperations.IsPow2(n))
            throw new MlxFailure($"[hadamard_transform] The reference library only supports powers of two but got {n}.");
        // In Sylvester's matrix, the sign is the parity of the bits that row and column have in common.
        var matrix = Lanes.Cast(Lanes.Write<float>(MLX_FLOAT32, [n, n], r =>
        {
            for (var i = 0; i < r.Length; i++) r[i] = BitOperations.PopCount((uint)(i / n & i % n)) % 2 == 0 ? 1 : -1;
        }), type);
        return mlx_matmul(mlx_astype(a, type), matrix) * factor;
    }
}
