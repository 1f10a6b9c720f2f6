namespace DotMlx.NN;

/// <summary>Encodes positions by sines and cosines of geometrically spaced frequencies (<c>nn.SinusoidalPositionalEncoding</c>).</summary>
public sealed partial class SinusoidalPositionalEncoding : Module, IUnaryModule
{
    private readonly MlxArray _sigmas;
    private readonly float _scale;
    private readonly bool _cosFirst;

    /// <summary>Makes the layer.</summary>
    /// <param name="dims">The size of the encoding, positive and even.</param>
    /// <param name="minFreq">The lowest frequency.</param>
    /// <param name="maxFreq">The highest frequency.</param>
    /// <param name="scale">Multiplies the encoding; null for √(2 / dims).</param>
    /// <param name="cosFirst">Whether the cosines come first.</param>
    /// <param name="fullTurns">Whether the frequencies are multiplied by 2π.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dims"/> is not positive and even.</exception>
    public SinusoidalPositionalEncoding(
        int dims, float minFreq = 0.0001f, float maxFreq = 1f, float? scale = null, bool cosFirst = false, bool fullTurns = false)
    {
        if (dims <= 0 || dims % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(dims), dims, "The size of a sinusoidal encoding must be positive and even.");
        }
        int half = dims / 2;
        double low = Math.Log(minFreq), high = Math.Log(maxFreq);
        float[] sigmas = new float[half];
        for (int i = 0; i < half; i++)
        {
            double share = half == 1 ? 1.0 : 1.0 - ((double)i / (half - 1));
            sigmas[i] = (float)(Math.Exp((share * (high - low)) + low) * (fullTurns ? 2 * Math.PI : 1.0));
        }
        _sigmas = MlxArray.Create(sigmas, half);
        _scale = scale ?? (float)Math.Sqrt(2.0 / dims);
        _cosFirst = cosFirst;
    }

    /// <summary>Encodes positions.</summary>
    /// <param name="x">Positions of any shape.</param>
    /// <returns>An array of shape (..., dims).</returns>
    public MlxArray Forward(MlxArray x)
    {
        using MlxScope scope = MlxScope.Begin();
        MlxArray angles = Mx.ExpandDims(x, -1) * _sigmas;
        MlxArray cosines = Mx.Cos(angles);
        MlxArray sines = Mx.Sin(angles);
        MlxArray both = Mx.Concatenate(_cosFirst ? [cosines, sines] : [sines, cosines], axis: -1);
        return scope.Keep(_scale == 1f ? both : both * _scale);
    }
}
