namespace DotMlx;

public static unsafe partial class Mx
{
    private static PrintOptions _printOptions = new();

    /// <summary>Sets how arrays are printed from now on (<c>mx.set_printoptions</c>).</summary>
    /// <param name="precision">The number of digits after the decimal point; -1 for six significant digits without trailing zeros.</param>
    /// <exception cref="ArgumentOutOfRangeException">The precision is below -1 or above 40.</exception>
    public static void SetPrintOptions(int precision)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, 40);
        _printOptions = new PrintOptions(precision);
    }

    /// <summary>The current print options (<c>mx.get_printoptions</c>).</summary>
    public static PrintOptions GetPrintOptions() => _printOptions;

    /// <summary>Sets how arrays are printed until the result is disposed (<c>mx.printoptions</c>).</summary>
    /// <inheritdoc cref="SetPrintOptions"/>
    public static IDisposable PrintOptions(int precision)
    {
        var restore = new PrintOptionsScope(_printOptions);
        SetPrintOptions(precision);
        return restore;
    }

    private sealed class PrintOptionsScope(PrintOptions before) : IDisposable
    {
        public void Dispose() => _printOptions = before;
    }
}
