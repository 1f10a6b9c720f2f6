namespace DotMlx.Optimizers;

/// <summary>Checks hyperparameters.</summary>
internal static class Checked
{
    public static double NotNegative(double value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, name);
        return value;
    }

    public static double Positive(double value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, name);
        return value;
    }

    /// <summary>Checks two decay rates, each of which must be in [0, 1).</summary>
    public static (double Beta1, double Beta2) Betas((double Beta1, double Beta2) value) =>
        value.Beta1 is >= 0 and < 1 && value.Beta2 is >= 0 and < 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Each beta must be in [0, 1).");
}
