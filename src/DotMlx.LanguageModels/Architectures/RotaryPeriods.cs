namespace DotMlx.LanguageModels.Architectures;

/// <summary>
/// The periods of a rotary embedding, divided by 2π: at position p, pair i is rotated by p / period[i]. Some schemes let them depend on how
/// many positions there are.
/// </summary>
public abstract class RotaryPeriods
{
    /// <summary>Multiplies rotated queries and keys, as YaRN does.</summary>
    public double Magnitude { get; protected init; } = 1;

    /// <summary>The periods that do not depend on the number of positions: base^(2i / dims), each times a factor.</summary>
    /// <param name="dims">How many features are rotated.</param>
    /// <param name="base">The base.</param>
    /// <param name="factor">Multiplies all of them (linear scaling).</param>
    public static RotaryPeriods Plain(int dims, double @base, double factor = 1) => new Constant(Powers(dims, @base, factor));

    /// <summary>Given periods.</summary>
    /// <param name="periods">One for each pair of features.</param>
    /// <param name="magnitude">Multiplies rotated queries and keys.</param>
    public static RotaryPeriods Of(IEnumerable<double> periods, double magnitude = 1) =>
        new Constant([.. periods.Select(period => (float)period)], magnitude);

    /// <summary>One set of periods for short texts and another one for long texts (LongRoPE).</summary>
    /// <param name="short">The periods up to that many positions.</param>
    /// <param name="long">The periods beyond.</param>
    /// <param name="limit">The most positions of a short text.</param>
    /// <param name="magnitude">Multiplies rotated queries and keys.</param>
    public static RotaryPeriods ByLength(IEnumerable<double> @short, IEnumerable<double> @long, int limit, double magnitude = 1) =>
        new TwoSets([.. @short.Select(period => (float)period)], [.. @long.Select(period => (float)period)], limit, magnitude);

    /// <summary>A base that grows with the number of positions (dynamic NTK scaling).</summary>
    /// <param name="dims">How many features are rotated.</param>
    /// <param name="base">The base up to the limit.</param>
    /// <param name="factor">How fast the base grows.</param>
    /// <param name="limit">The positions that the base is for.</param>
    public static RotaryPeriods Dynamic(int dims, double @base, double factor, int limit) => new Growing(dims, @base, factor, limit);

    /// <summary>The periods when there are that many positions.</summary>
    /// <param name="length">The number of positions so far.</param>
    /// <returns>An array that is the same object as long as the periods are the same.</returns>
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
