namespace DotMlx.NN;

/// <summary>Encodes positions as sines and cosines of geometrically spaced frequencies (<c>nn.SinusoidalPositionalEncoding</c>).</summary>
public sealed partial class SinusoidalPositionalEncoding : Module, IUnaryModule
{
    private readonly MlxArray _sigmas;
    private readonly bool _cosFirst;

    /// <summary>Creates the layer.</summary>
    /// <param name="dims">The size of the encoding, positive and even.</param>
    /// <param name="minFreq">The lowest frequency.</param>
    /// <param name="maxFreq">The highest frequency.</param>
    /// <param name="scale">The scale factor of the encoding; null for √(2 / dims).</param>
    /// <param name="cosFirst">Whether the cosines come before the sines.</param>
    /// <param name="fullTurns">Whether to multiply the frequencies by 2π.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dims"/> isn't positive and even.</exception>
    public SinusoidalPositionalEncoding(
        int dims, double minFreq = 0.0001, double maxFreq = 1.0, double? scale = null, bool cosFirst = false, bool fullTurns = false)
    {
        if (dims <= 0 || dims % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(dims), dims, "The size of a sinusoidal encoding must be positive and even.");
        }
        _sigmas = Frequencies(dims / 2, minFreq, maxFreq, fullTurns);
        Scale = scale ?? Math.Sqrt(2.0 / dims);
        _cosFirst = cosFirst;
    }

    /// <summary>The scale factor of the encoding (<c>scale</c>).</summary>
    public double Scale { get; set; }

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
        return scope.Keep(Scale == 1.0 ? both : both * Scale);
    }

    // The steps match Python's: at positions in the thousands, the last bit of a frequency visibly changes the angle.
    private static MlxArray Frequencies(int count, double lowest, double highest, bool fullTurns)
    {
        using MlxScope scope = MlxScope.Begin();
        double low = Math.Log(lowest), high = Math.Log(highest);
        MlxArray share = count == 1 ? Mx.Ones(1) : 1 - (Mx.Arange(0, count) / (count - 1));
        MlxArray frequencies = Mx.Exp((share * (high - low)) + low);
        MlxArray result = fullTurns ? frequencies * (2 * Math.PI) : frequencies;
        MlxScope.Detach(result);
        return result;
    }
}
