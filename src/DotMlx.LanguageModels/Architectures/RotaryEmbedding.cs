using static DotMlx.LanguageModels.Architectures.Intermediate;

namespace DotMlx.LanguageModels.Architectures;

/// <summary>Rotates queries and keys by their positions. It has no parameters, so layers can share it.</summary>
/// <remarks>
/// MLX has a kernel for rotary embeddings on the GPU. On the CPU, MLX composes two dozen operations for each array, most of which compute
/// the same sines and cosines in every layer. This class computes them once per pass there.
/// </remarks>
internal sealed class RotaryEmbedding
{
    private readonly RotaryDescription _description;
    private readonly int _headDims;
    private readonly MlxArray? _magnitudes;
    private (float[] Periods, MlxArray Array)? _current;
    private (float[] Periods, MlxArray Array)? _everyFeature;
    private (MlxArray Kept, MlxArray Swapped)? _parts;

    /// <param name="description">The description of the embedding.</param>
    /// <param name="headDims">The number of features per head.</param>
    internal RotaryEmbedding(RotaryDescription description, int headDims)
    {
        (_description, _headDims) = (description, headDims);
        float magnitude = (float)description.Periods.Magnitude;
        if (magnitude != 1 && IsPartial)
        {
            float[] factors = new float[headDims];
            factors.AsSpan().Fill(1);
            factors.AsSpan(0, description.Dims).Fill(magnitude);
            _magnitudes = Lasting(factors, factors.Length);
        }
        ScoreScale = magnitude != 1 && _magnitudes is null ? magnitude * (double)magnitude : 1;
    }

    /// <summary>
    /// The factor of the scores that replaces the magnitudes of queries and keys; 1 unless all features are rotated.
    /// </summary>
    internal double ScoreScale { get; }

    private bool IsPartial => _description.Dims < _headDims;

    /// <summary>Rotates an array of shape (batch, heads, length, features).</summary>
    internal MlxArray Forward(MlxArray x, ForwardPass pass)
    {
        MlxArray rotated = pass.HasRotaryKernel ? ByKernel(x, pass) : ByTables(x, pass);
        if (_magnitudes is null)
        {
            return rotated;
        }
        using (rotated)
        {
            using MlxArray factors = Mx.AsType(_magnitudes, x.DType);
            return Mx.Multiply(rotated, factors);
        }
    }

    /// <summary>Computes the cosines and signed sines of a pass, each of shape (batch or 1, 1, length, 2, pairs).</summary>
    internal (MlxArray Cosines, MlxArray Sines) MakeTables(ForwardPass pass, DType dtype)
    {
        using MlxArray steps = Mx.Arange(pass.Length);
        using MlxArray starts = pass.Positions.NDim == 0 ? pass.Positions : Mx.Reshape(pass.Positions, -1, 1);
        using MlxArray positions = Mx.Add(steps, starts);
        using MlxArray column = Mx.Reshape(positions, -1, 1, pass.Length, 1, 1);
        using MlxArray angles = Mx.Divide(column, PeriodsAt(pass.End));
        using MlxArray sines = Mx.Sin(angles);
        using MlxArray negative = Mx.Negative(sines);
        using MlxArray signed = Mx.Concatenate([negative, sines], axis: 3);
        using MlxArray cosines = Mx.Cos(angles);
        return (Mx.AsType(cosines, dtype), Mx.AsType(signed, dtype));
    }

    /// <summary>
    /// Computes the rotation of the pass's only position as a matrix of shape (features, features): rotated = x · matrix.
    /// </summary>
    internal MlxArray MakeRotation(ForwardPass pass)
    {
        (MlxArray kept, MlxArray swapped) = _parts ??= MakeParts();
        using MlxArray angles = Mx.Divide(pass.Positions, PeriodsOfEveryFeature(pass.End));
        using MlxArray cosines = Mx.Cos(angles);
        using MlxArray sines = Mx.Sin(angles);
        using MlxArray along = Mx.Multiply(kept, cosines);
        using MlxArray across = Mx.Multiply(swapped, sines);
        MlxArray rotation = Mx.Add(along, across);
        return _magnitudes is null ? rotation : Intermediate.Replace(rotation, Mx.Multiply(rotation, _magnitudes));
    }

    /// <summary>Like <see cref="Forward"/>, but with MLX's kernel.</summary>
    internal MlxArray ByKernel(MlxArray x, ForwardPass pass) => Mx.Fast.RoPE(
        x, _description.Dims, traditional: false, @base: null, scale: 1f, pass.Positions, PeriodsAt(pass.End));

    /// <summary>Like <see cref="Forward"/>, but with the pass's sines and cosines: (a, b) becomes (a cos - b sin, b cos + a sin).</summary>
    internal MlxArray ByTables(MlxArray x, ForwardPass pass)
    {
        if (!IsPartial)
        {
            return Rotate(x, pass);
        }
        MlxArray[] parts = Mx.Split(x, [_description.Dims], axis: -1);
        using MlxArray rest = parts[1];
        using MlxArray rotated = Replace(parts[0], Rotate(parts[0], pass));
        return Mx.Concatenate([rotated, rest], axis: -1);
    }

    /// <summary>
    /// Creates the matrices that select the feature to multiply by the cosine, and the signed feature to multiply by the sine.
    /// </summary>
    private (MlxArray Kept, MlxArray Swapped) MakeParts()
    {
        int half = _description.Dims / 2;
        float[] kept = new float[_headDims * _headDims], swapped = new float[_headDims * _headDims];
        for (int i = 0; i < _headDims; i++)
        {
            kept[(i * _headDims) + i] = 1;
        }
        for (int i = 0; i < half; i++)
        {
            swapped[((i + half) * _headDims) + i] = -1;
            swapped[(i * _headDims) + i + half] = 1;
        }
        return (Lasting(kept, _headDims, _headDims), Lasting(swapped, _headDims, _headDims));
    }

    /// <summary>The periods of both halves. Features that aren't rotated have infinite periods.</summary>
    private MlxArray PeriodsOfEveryFeature(int length)
    {
        float[] periods = _description.Periods.At(length);
        if (_everyFeature is not { } current || !ReferenceEquals(current.Periods, periods))
        {
            float[] all = [.. periods, .. periods, .. Enumerable.Repeat(float.PositiveInfinity, _headDims - (2 * periods.Length))];
            _everyFeature = current = (periods, Lasting(all, all.Length));
        }
        return current.Array;
    }

    private static MlxArray Lasting(float[] values, params ReadOnlySpan<int> shape)
    {
        MlxArray array = MlxArray.Create<float>(values, shape);
        MlxScope.Detach(array);
        return array;
    }

    private MlxArray Rotate(MlxArray x, ForwardPass pass)
    {
        (MlxArray cosines, MlxArray sines) = pass.TablesOf(this, x.DType);
        using MlxArray halves = Mx.Reshape(x, x.Shape[0], x.Shape[1], x.Shape[2], 2, _description.Dims / 2);
        using MlxArray swapped = halves[Mx.Ellipsis, new Slice(null, null, -1), ..];
        using MlxArray along = Mx.Multiply(halves, cosines);
        using MlxArray across = Mx.Multiply(swapped, sines);
        using MlxArray sum = Mx.Add(along, across);
        return Mx.Reshape(sum, x.Shape);
    }

    private MlxArray PeriodsAt(int length)
    {
        float[] periods = _description.Periods.At(length);
        if (_current is not { } current || !ReferenceEquals(current.Periods, periods))
        {
            // Another thread may still use the previous array, so the garbage collector frees it.
            _current = current = (periods, Lasting(periods, periods.Length));
        }
        return current.Array;
    }
}
