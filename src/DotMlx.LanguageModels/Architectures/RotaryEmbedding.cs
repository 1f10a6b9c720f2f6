namespace DotMlx.LanguageModels.Architectures;

/// <summary>Rotates queries and keys by their positions. It has no parameters and may be shared by layers.</summary>
internal sealed class RotaryEmbedding
{
    private readonly RotaryDescription _description;
    private readonly MlxArray? _magnitudes;
    private (float[] Periods, MlxArray Array)? _current;

    /// <param name="description">What to rotate.</param>
    /// <param name="headDims">The features of a head.</param>
    internal RotaryEmbedding(RotaryDescription description, int headDims)
    {
        _description = description;
        float magnitude = (float)description.Periods.Magnitude;
        if (magnitude != 1 && description.Dims < headDims)
        {
            float[] factors = new float[headDims];
            factors.AsSpan().Fill(1);
            factors.AsSpan(0, description.Dims).Fill(magnitude);
            _magnitudes = Lasting(factors);
        }
        ScoreScale = magnitude != 1 && _magnitudes is null ? magnitude * (double)magnitude : 1;
    }

    /// <summary>Where all features are rotated, a magnitude of queries and keys is one of their products: this multiplies the scores.</summary>
    internal double ScoreScale { get; }

    /// <summary>Rotates an array of shape (batch, heads, length, features).</summary>
    internal MlxArray Forward(MlxArray x, ForwardPass pass)
    {
        MlxArray rotated = Mx.Fast.RoPE(
            x, _description.Dims, traditional: false, @base: null, scale: 1f, pass.Positions, PeriodsAt(pass.End));
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

    private static MlxArray Lasting(float[] values)
    {
        MlxArray array = MlxArray.Create<float>(values, values.Length);
        MlxScope.Detach(array);
        return array;
    }

    private MlxArray PeriodsAt(int length)
    {
        float[] periods = _description.Periods.At(length);
        if (_current is not { } current || !ReferenceEquals(current.Periods, periods))
        {
            // The one before may be in use by another thread; the collector frees it.
            _current = current = (periods, Lasting(periods));
        }
        return current.Array;
    }
}
