using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The inputs of an attention layer other than queries, keys, and values.</summary>
/// <param name="Scale">The scale factor of the scores.</param>
/// <param name="Window">The number of positions that a query sees, including its own; null for all preceding positions.</param>
/// <param name="SoftCap">The soft cap of the scores: cap · tanh(scores / cap); null for none.</param>
/// <param name="Sinks">A score per head that takes part in the softmax but has no value; null for none.</param>
internal readonly record struct AttentionSettings(float Scale, int? Window, float? SoftCap, MlxArray? Sinks);

/// <summary>Attention over keys and values that are plain arrays, and the steps that it shares with quantized attention.</summary>
internal static class AttentionKernel
{
    /// <summary>Attends to keys of which the last ones belong to this pass.</summary>
    /// <param name="queries">The queries, of shape (batch, heads, length, features).</param>
    /// <param name="keys">The keys, of shape (batch, key heads, count, features).</param>
    /// <param name="values">The values, of shape (batch, key heads, count, features).</param>
    /// <param name="first">The index of the first key.</param>
    /// <param name="pass">The state of the forward pass.</param>
    /// <param name="settings">The settings of the layer.</param>
    /// <returns>An array of shape (batch, heads, length, features), or of another shape with the same order of elements.</returns>
    internal static MlxArray Attend(
        MlxArray queries, MlxArray keys, MlxArray values, int first, ForwardPass pass, in AttentionSettings settings)
    {
        AttentionMask mask = pass.MaskFor(first, keys.Shape[2], settings.Window);
        if (settings.SoftCap is null)
        {
            if (pass.Length == 1 && !pass.HasRotaryKernel && settings.Sinks is null && mask is { IsCausal: false, Array: null })
            {
                return AttendFromOne(queries, keys, values, settings.Scale);
            }
            return mask.IsCausal
                ? Mx.Fast.ScaledDotProductAttention(queries, keys, values, settings.Scale, "causal", settings.Sinks)
                : Mx.Fast.ScaledDotProductAttention(queries, keys, values, settings.Scale, mask.Array, settings.Sinks);
        }

        using MlxArray grouped = Group(queries, keys.Shape[1], settings.Scale);
        using MlxArray transposed = Mx.SwapAxes(keys, -1, -2);
        using MlxArray scores = Mx.MatMul(grouped, transposed);
        using MlxArray weights = Weigh(scores, queries.Shape, first, pass, settings);
        using MlxArray result = Mx.MatMul(weights, values);
        return Mx.Reshape(result, queries.Shape[0], queries.Shape[1], queries.Shape[2], result.Shape[^1]);
    }

    /// <summary>
    /// Attends from a single query to all keys. The result equals that of MLX's fused attention on the CPU but needs fewer operations. Its
    /// elements have the order of (batch, heads, 1, features), but its shape differs.
    /// </summary>
    private static MlxArray AttendFromOne(MlxArray queries, MlxArray keys, MlxArray values, float scale)
    {
        using MlxArray grouped = Group(queries, keys.Shape[1], scale);
        using MlxArray transposed = Mx.SwapAxes(keys, -1, -2);
        using MlxArray scores = Mx.MatMul(grouped, transposed);
        using MlxArray weights = Mx.Softmax(scores, axis: -1, precise: true);
        return Mx.MatMul(weights, values);
    }

    /// <summary>
    /// Scales the queries and stacks the heads that share a key head: (batch, key heads, shared · length, features).
    /// </summary>
    internal static MlxArray Group(MlxArray queries, int keyHeads, float scale)
    {
        using MlxArray scaled = scale == 1 ? queries.Share() : Mx.Multiply(queries, scale);
        return Mx.Reshape(scaled, queries.Shape[0], keyHeads, -1, queries.Shape[3]);
    }

    /// <summary>Computes the attention weights: the softmax of the scores over the keys that a query sees.</summary>
    /// <param name="scores">The scores, of shape (batch, key heads, shared · length, keys).</param>
    /// <param name="queries">The shape of the queries, (batch, heads, length, features).</param>
    /// <param name="first">The index of the first key.</param>
    /// <param name="pass">The state of the forward pass.</param>
    /// <param name="settings">The settings of the layer.</param>
    /// <returns>The weights, with the shape of <paramref name="scores"/>.</returns>
    internal static MlxArray Weigh(MlxArray scores, ReadOnlySpan<int> queries, int first, ForwardPass pass, in AttentionSettings settings)
    {
        (int batch, int heads, int length, int count) = (queries[0], queries[1], queries[2], scores.Shape[3]);
        MlxArray bounded = Mx.Reshape(scores, batch, heads, length, count);
        if (settings.SoftCap is { } cap)
        {
            using MlxArray shrunk = Mx.Divide(bounded, cap);
            using MlxArray bent = Mx.Tanh(shrunk);
            bounded = Replace(bounded, Mx.Multiply(bent, cap));
        }
        AttentionMask mask = pass.MaskFor(first, count, settings.Window);
        if (mask.IsCausal || mask.Array is not null)
        {
            MlxArray visible = mask.Array ?? pass.Mask(first, count, null);
            bounded = Replace(bounded, Mx.Where(visible, bounded, float.NegativeInfinity));
        }
        if (settings.Sinks is { } sinks)
        {
            using MlxArray column = Mx.Reshape(sinks, 1, heads, 1, 1);
            using MlxArray everywhere = Mx.BroadcastTo(column, batch, heads, length, 1);
            bounded = Replace(bounded, Mx.Concatenate([everywhere, bounded], axis: -1));
        }
        MlxArray weights = Mx.Softmax(bounded, axis: -1, precise: true);
        bounded.Dispose();
        if (settings.Sinks is not null)
        {
            weights = Replace(weights, weights[Mx.Ellipsis, 1..]);
        }
        using (weights)
        {
            return Mx.Reshape(weights, scores.Shape);
        }
    }
}
