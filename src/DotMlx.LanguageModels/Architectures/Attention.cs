using DotMlx.NN;
using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>The causal attention of a decoder layer.</summary>
public sealed partial class Attention : Module
{
    private readonly AttentionDescription _description;
    private readonly RotaryEmbedding? _rotary;
    private readonly float _scale;

    internal Attention(
        AttentionDescription description, int hiddenSize, NormDescription norm, RotaryEmbedding? rotary, WeightSource weights, string path)
    {
        _description = description;
        _rotary = rotary;
        _scale = (float)(description.Scale * (rotary?.ScoreScale ?? 1));
        int queries = description.Heads * description.HeadDims, keys = description.KeyValueHeads * description.HeadDims;
        if (description.Fused)
        {
            QkvProj = weights.Linear(path + ".qkv_proj", hiddenSize, queries + (2 * keys), description.InputBias);
        }
        else
        {
            QProj = weights.Linear(path + ".q_proj", hiddenSize, queries, description.InputBias);
            KProj = weights.Linear(path + ".k_proj", hiddenSize, keys, description.InputBias);
            VProj = weights.Linear(path + ".v_proj", hiddenSize, keys, description.InputBias);
        }
        OProj = weights.Linear(path + ".o_proj", queries, hiddenSize, description.OutputBias);
        if (description.HeadNorm != HeadNorm.None)
        {
            bool each = description.HeadNorm == HeadNorm.EachHead;
            QNorm = new(norm, weights.Get(path + ".q_norm.weight", each ? description.HeadDims : queries));
            KNorm = new(norm, weights.Get(path + ".k_norm.weight", each ? description.HeadDims : keys));
        }
        if (description.Sinks)
        {
            Sinks = weights.Get(path + ".sinks", description.Heads);
        }
    }

    /// <summary>The projection to queries, or null if queries, keys, and values share a projection.</summary>
    public Linear? QProj { get; }

    /// <summary>The projection to keys, or null if queries, keys, and values share a projection.</summary>
    public Linear? KProj { get; }

    /// <summary>The projection to values, or null if queries, keys, and values share a projection.</summary>
    public Linear? VProj { get; }

    /// <summary>The shared projection to queries, keys, and values, or null if there are separate ones.</summary>
    public Linear? QkvProj { get; }

    /// <summary>The output projection.</summary>
    public Linear OProj { get; }

    /// <summary>The norm of the queries, or null.</summary>
    public Norm? QNorm { get; }

    /// <summary>The norm of the keys, or null.</summary>
    public Norm? KNorm { get; }

    /// <summary>The attention sinks, one score per head, of shape (heads,), or null.</summary>
    public MlxArray? Sinks { get; set; }

    /// <summary>Attends to the preceding tokens and, with a cache, to those of earlier passes.</summary>
    /// <param name="x">The input, of shape (batch · length, features).</param>
    /// <param name="pass">The state of the forward pass.</param>
    /// <param name="cache">The keys and values of earlier passes, or null.</param>
    /// <returns>The output, with the shape of <paramref name="x"/>.</returns>
    internal MlxArray Forward(MlxArray x, ForwardPass pass, LayerCache? cache)
    {
        (MlxArray projectedQueries, MlxArray projectedKeys, MlxArray projectedValues) = Project(x, pass);
        MlxArray? rotation = _rotary is null ? null : pass.RotationOf(_rotary, projectedQueries.DType);

        // The matrix that rotates queries can scale them too.
        MlxArray? scaledRotation = rotation is null ? null : pass.RotationOf(_rotary!, projectedQueries.DType, _scale);
        MlxArray queries = Arrange(projectedQueries, _description.Heads, QNorm, pass, scaledRotation);
        MlxArray keys = Arrange(projectedKeys, _description.KeyValueHeads, KNorm, pass, rotation);
        using MlxArray values = Arrange(projectedValues, _description.KeyValueHeads, null, pass);
        if (_rotary is not null && rotation is null)
        {
            (queries, keys) = Rotate(_rotary, queries, keys, pass);
        }
        using MlxArray attended = Attend(queries, keys, values, rotation is null ? _scale : 1f, pass, cache);
        queries.Dispose();
        keys.Dispose();
        using MlxArray joined = Join(attended, pass.Length);
        return pass.Apply(OProj, joined);
    }

    private MlxArray Attend(MlxArray queries, MlxArray keys, MlxArray values, float scale, ForwardPass pass, LayerCache? cache)
    {
        AttentionSettings settings = new(scale, _description.Window, (float?)_description.SoftCap, Sinks);
        return cache is null
            ? AttentionKernel.Attend(queries, keys, values, pass.Offset, pass, settings)
            : cache.Attend(queries, keys, values, pass, settings);
    }

    /// <summary>Rotates queries and keys, and frees its arguments. A single token's are small, so they are rotated together.</summary>
    private static (MlxArray Queries, MlxArray Keys) Rotate(RotaryEmbedding rotary, MlxArray queries, MlxArray keys, ForwardPass pass)
    {
        if (pass.HasRotaryKernel || pass.Length > 1)
        {
            return (Replace(queries, rotary.Forward(queries, pass)), Replace(keys, rotary.Forward(keys, pass)));
        }
        using (queries)
        {
            using (keys)
            {
                using MlxArray both = Mx.Concatenate([queries, keys], axis: 1);
                using MlxArray rotated = rotary.Forward(both, pass);
                MlxArray[] parts = Mx.Split(rotated, [queries.Shape[1]], axis: 1);
                return (parts[0], parts[1]);
            }
        }
    }

    private (MlxArray Queries, MlxArray Keys, MlxArray Values) Project(MlxArray x, ForwardPass pass)
    {
        if (QkvProj is null)
        {
            return (pass.Apply(QProj!, x), pass.Apply(KProj!, x), pass.Apply(VProj!, x));
        }
        using MlxArray all = pass.Apply(QkvProj, x);
        int queries = _description.Heads * _description.HeadDims, keys = _description.KeyValueHeads * _description.HeadDims;
        MlxArray[] parts = Mx.Split(all, [queries, queries + keys], axis: -1);
        return (parts[0], parts[1], parts[2]);
    }

    /// <summary>
    /// Splits features into heads, normalizes them, and applies the rotation matrix if there is one. The result has the shape (batch,
    /// heads, length, features). The argument is freed.
    /// </summary>
    private MlxArray Arrange(MlxArray x, int heads, Norm? norm, ForwardPass pass, MlxArray? rotation = null)
    {
        if (norm is not null && _description.HeadNorm == HeadNorm.AllHeads)
        {
            x = Replace(x, norm.Forward(x, pass));
        }

        // The memory layout of a single token is already that of heads with one position.
        if (rotation is not null)
        {
            x = Replace(x, Mx.Reshape(x, -1, _description.HeadDims));
            if (norm is not null && _description.HeadNorm == HeadNorm.EachHead)
            {
                x = Replace(x, norm.Forward(x, pass));
            }
            x = Replace(x, Mx.MatMul(x, rotation));
            return Replace(x, Mx.Reshape(x, -1, heads, 1, _description.HeadDims));
        }
        x = Replace(x, pass.Length == 1
            ? Mx.Reshape(x, -1, heads, 1, _description.HeadDims)
            : Mx.Reshape(x, -1, pass.Length, heads, _description.HeadDims));
        if (norm is not null && _description.HeadNorm == HeadNorm.EachHead)
        {
            x = Replace(x, norm.Forward(x, pass));
        }
        return pass.Length == 1 ? x : Replace(x, Mx.Transpose(x, 0, 2, 1, 3));
    }

    private MlxArray Join(MlxArray x, int length)
    {
        int size = _description.Heads * _description.HeadDims;
        if (length == 1)
        {
            return Mx.Reshape(x, -1, size);
        }
        using MlxArray transposed = Mx.Transpose(x, 0, 2, 1, 3);
        return Mx.Reshape(transposed, -1, size);
    }
}
