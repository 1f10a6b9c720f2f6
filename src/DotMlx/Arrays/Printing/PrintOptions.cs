namespace DotMlx;

/// <summary>Determines how arrays are printed (<c>mlx.core.PrintOptions</c>).</summary>
/// <param name="Precision">The number of digits after the decimal point; -1 for six significant digits without trailing zeros.</param>
public sealed record PrintOptions(int Precision = -1);
