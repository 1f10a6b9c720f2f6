using System.Runtime.CompilerServices;
using DotMlx.Bindings;

namespace DotMlx;

public static unsafe partial class Mx
{
    /// <summary>Fused operations and custom kernels (mlx.core.fast).</summary>
    public static unsafe partial class Fast
    {
        /// <summary>Root-mean-square normalization over the last axis, accumulated in float32.</summary>
        /// <param name="x">An array of shape [..., n].</param>
        /// <param name="weight">Scale factors of shape [n]; null for none.</param>
        /// <param name="eps">The term added to the mean square.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
        /// <exception cref="MlxException">The weight doesn't match the last axis.</exception>
        /// <remarks>mlx.core.fast.rms_norm; C: mlx_fast_rms_norm.</remarks>
        public static MlxArray RMSNorm(MlxArray x, MlxArray? weight, double eps, MlxStream? stream = null)
        {
            mlx_array result = default;
            int status = Mlxc.mlx_fast_rms_norm(&result, NativeCall.Handle(x), NativeCall.HandleOrNull(weight), (float)eps,
                NativeCall.Stream(stream));
            GC.KeepAlive(x);
            GC.KeepAlive(weight);
            return NativeCall.Result(status, result, "mlx_fast_rms_norm");
        }

        /// <summary>Layer normalization over the last axis, accumulated in float32.</summary>
        /// <param name="x">An array of shape [..., n].</param>
        /// <param name="weight">Scale factors of shape [n]; null for none.</param>
        /// <param name="bias">Offsets of shape [n]; null for none.</param>
        /// <param name="eps">The term added to the variance.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="x"/>.</returns>
        /// <exception cref="MlxException">The weight or the bias doesn't match the last axis.</exception>
        /// <remarks>mlx.core.fast.layer_norm; C: mlx_fast_layer_norm.</remarks>
        public static MlxArray LayerNorm(
            MlxArray x, MlxArray? weight, MlxArray? bias, double eps, MlxStream? stream = null)
        {
            mlx_array result = default;
            int status = Mlxc.mlx_fast_layer_norm(
                &result, NativeCall.Handle(x), NativeCall.HandleOrNull(weight), NativeCall.HandleOrNull(bias), (float)eps,
                NativeCall.Stream(stream));
            GC.KeepAlive(x);
            GC.KeepAlive(weight);
            GC.KeepAlive(bias);
            return NativeCall.Result(status, result, "mlx_fast_layer_norm");
        }

        /// <summary>Rotary position encoding of the last axis.</summary>
        /// <param name="a">An array of shape [..., length, features].</param>
        /// <param name="dims">The number of features to rotate; the others are copied.</param>
        /// <param name="traditional">Whether adjacent features form a pair, instead of one feature from each half.</param>
        /// <param name="base">The base of the frequencies; null if <paramref name="freqs"/> is given.</param>
        /// <param name="scale">The scale factor of the positions.</param>
        /// <param name="offset">The position of the first element: an int, or an integer array with one offset per batch.</param>
        /// <param name="freqs">Frequencies of shape [dims / 2]; null if <paramref name="base"/> is given.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of the same shape as <paramref name="a"/>.</returns>
        /// <exception cref="MlxException">Both or neither of base and freqs are given, or the shapes don't match.</exception>
        /// <remarks>mlx.core.fast.rope; C: mlx_fast_rope_dynamic.</remarks>
        public static MlxArray RoPE(
            MlxArray a, int dims, bool traditional, double? @base, double scale, MlxArray offset,
            MlxArray? freqs = null, MlxStream? stream = null)
        {
            if (offset is { NDim: 1, Size: 1 })
            {
                // The kernels of GPUs would read one offset per batch from it.
                using MlxArray scalar = Reshape(offset, [], stream);
                return RoPE(a, dims, traditional, @base, scale, scalar, freqs, stream);
            }

            mlx_array result = default;
            int status = Mlxc.mlx_fast_rope_dynamic(
                &result, NativeCall.Handle(a), dims, NativeCall.Byte(traditional), NativeCall.Optional((float?)@base), (float)scale,
                NativeCall.Handle(offset),
                NativeCall.HandleOrNull(freqs), NativeCall.Stream(stream));
            GC.KeepAlive(a);
            GC.KeepAlive(offset);
            GC.KeepAlive(freqs);
            return NativeCall.Result(status, result, "mlx_fast_rope_dynamic");
        }

        /// <summary>Attention: Softmax(scale * q @ k^T + mask) @ v.</summary>
        /// <param name="q">Queries of shape [batch, heads, lengthQ, features].</param>
        /// <param name="k">Keys of shape [batch, headsKv, lengthKv, features]; headsKv divides heads.</param>
        /// <param name="v">Values of shape [batch, headsKv, lengthKv, featuresV].</param>
        /// <param name="scale">The scale factor of the scores.</param>
        /// <param name="mask">
        /// A bool array (true for the keys that take part), or an array that is added to the scores; broadcast to [batch, heads, lengthQ,
        /// lengthKv]; null for none.
        /// </param>
        /// <param name="sinks">An additional score per head, of shape [heads]; null for none.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape [batch, heads, lengthQ, featuresV].</returns>
        /// <exception cref="MlxException">The shapes or dtypes don't match.</exception>
        /// <remarks>mlx.core.fast.scaled_dot_product_attention; C: mlx_fast_scaled_dot_product_attention.</remarks>
        [OverloadResolutionPriority(1)] // A null mask selects this overload.
        public static MlxArray ScaledDotProductAttention(
            MlxArray q, MlxArray k, MlxArray v, double scale, MlxArray? mask = null, MlxArray? sinks = null,
            MlxStream? stream = null)
            => Attention(q, k, v, scale, "", mask, sinks, stream);

        /// <summary>Attention with a named mask.</summary>
        /// <param name="q">Queries of shape [batch, heads, lengthQ, features].</param>
        /// <param name="k">Keys of shape [batch, headsKv, lengthKv, features]; headsKv divides heads.</param>
        /// <param name="v">Values of shape [batch, headsKv, lengthKv, featuresV].</param>
        /// <param name="scale">The scale factor of the scores.</param>
        /// <param name="mask">"causal": each query sees the keys up to its own position, aligned at the end.</param>
        /// <param name="sinks">An additional score per head, of shape [heads]; null for none.</param>
        /// <param name="stream">Stream to run on; null for the default stream.</param>
        /// <returns>An array of shape [batch, heads, lengthQ, featuresV].</returns>
        /// <exception cref="ArgumentException">The mask isn't "causal".</exception>
        /// <exception cref="MlxException">The shapes or dtypes don't match.</exception>
        /// <remarks>mlx.core.fast.scaled_dot_product_attention; C: mlx_fast_scaled_dot_product_attention.</remarks>
        public static MlxArray ScaledDotProductAttention(
            MlxArray q, MlxArray k, MlxArray v, double scale, string? mask, MlxArray? sinks = null, MlxStream? stream = null)
        {
            if (mask is not (null or "causal"))
            {
                throw new ArgumentException($"The only named mask is \"causal\", not \"{mask}\".", nameof(mask));
            }

            return Attention(q, k, v, scale, mask ?? "", null, sinks, stream);
        }

        private static MlxArray Attention(
            MlxArray q, MlxArray k, MlxArray v, double scale, string mode, MlxArray? mask, MlxArray? sinks, MlxStream? stream)
        {
            ArgumentNullException.ThrowIfNull(q);
            ArgumentNullException.ThrowIfNull(k);
            if (k.NDim == 4 && k.Shape[1] == 0)
            {
                // MLX divides by the number of heads.
                throw new ArgumentException(
                    $"Attention needs at least one head: the keys have the shape {ShapeText.Of(k)}, and axis 1 holds the heads.", nameof(k));
            }

            using NativeText modeText = new(mode, "mask");
            mlx_array result = default;
            int status = MlxcPortable.mlx_fast_scaled_dot_product_attention(
                &result, NativeCall.Handle(q), NativeCall.Handle(k), NativeCall.Handle(v), (float)scale, modeText.Pointer,
                NativeCall.HandleOrNull(mask),
                NativeCall.HandleOrNull(sinks), NativeCall.Stream(stream));
            GC.KeepAlive(q);
            GC.KeepAlive(k);
            GC.KeepAlive(v);
            GC.KeepAlive(mask);
            GC.KeepAlive(sinks);
            return NativeCall.Result(status, result, "mlx_fast_scaled_dot_product_attention");
        }
    }
}
