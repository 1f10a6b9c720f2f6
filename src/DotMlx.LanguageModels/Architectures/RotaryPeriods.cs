namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// The periods of a rotary embedding, divided by 2π: at position p, pair i is rotated by p / period[i]. In some schemes, the periods depend
/// on the number of positions.
/// </summary>
public abstract class RotaryPeriods
{
    /// <summary>The scale factor of rotated queries and keys, as in YaRN.</summary>
    public double Magnitude { get; protected init; } = 1;

    /// <summary>Creates periods that don't depend on the number of positions: factor · base^(2i / dims).</summary>
    /// <param name="dims">The number of features to rotate.</param>
    /// <param name="base">The base.</param>
    /// <param name="factor">The scale factor of all periods (linear scaling).</param>
    public static RotaryPeriods Plain(int dims, double @base, double factor = 1) => new Constant(Powers(dims, @base, factor));

    /// <summary>Creates the given periods.</summary>
    /// <param name="periods">One period per pair of features.</param>
    /// <param name="magnitude">The scale factor of rotated queries and keys.</param>
    public static RotaryPeriods Of(IEnumerable<double> periods, double magnitude = 1) =>
        new Constant([.. periods.Select(period => (float)period)], magnitude);

    /// <summary>Creates one set of periods for short texts and another one for long texts (LongRoPE).</summary>
    /// <param name="short">The periods for up to <paramref name="limit"/> positions.</param>
    /// <param name="long">The periods for more positions.</param>
    /// <param name="limit">The maximum number of positions of a short text.</param>
    /// <param name="magnitude">The scale factor of rotated queries and keys.</param>
    public static RotaryPeriods ByLength(IEnumerable<double> @short, IEnumerable<double> @long, int limit, double magnitude = 1) =>
        new TwoSets([.. @short.Select(period => (float)period)], [.. @long.Select(period => (float)period)], limit, magnitude);

    /// <summary>Creates periods whose base grows with the number of positions (dynamic NTK scaling).</summary>
    /// <param name="dims">The number of features to rotate.</param>
    /// <param name="base">The base for up to <paramref name="limit"/> positions.</param>
    /// <param name="factor">The factor that determines how fast the base grows.</param>
    /// <param name="limit">The maximum number of positions without scaling.</param>
    public static RotaryPeriods Dynamic(int dims, double @base, double factor, int limit) => new Growing(dims, @base, factor, limit);

    /// <summary>Returns the periods for a number of positions.</summary>
    /// <param name="length">The number of positions so far.</param>
    /// <returns>The periods. The same array object is returned while the periods don't change.</returns>
    internal abstract float[] At(int length);

    private static float[] Powers(int dims, double @base, double factor = 1) =>
        [.. Enumerable.Range(0, dims / 2).Select(i => (float)(Math.Pow(@base, 2.0 * i / dims) * factor))];

    private sealed class Constant : RotaryPeriods
    {
        private readonly float[] _periods;

        internal Constant(float[] periods, double magnitude = 1) => (_periods, Magnitude) = (periods, magnitude);

        internal override float[] At(int length) => _periods;
    }

    private sealed class TwoSets : RotaryPeriods
    {
        private readonly float[] _short;
        private readonly float[] _long;
        private readonly int _limit;

        internal TwoSets(float[] @short, float[] @long, int limit, double magnitude) =>
            (_short, _long, _limit, Magnitude) = (@short, @long, limit, magnitude);

        internal override float[] At(int length) => length > _limit ? _long : _short;
    }

    private sealed class Growing(int dims, double @base, double factor, int limit) : RotaryPeriods
    {
        private readonly float[] _short = Powers(dims, @base);

        internal override float[] At(int length) => length <= limit
            ? _short
            : Powers(dims, @base * Math.Pow((factor * length / limit) - (factor - 1), dims / (dims - 2.0)));
    }
}
