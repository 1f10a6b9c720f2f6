namespace DotMlx.NN;

/// <summary>Initial values that layers share.</summary>
internal static class LayerInit
{
    /// <summary>Uniform numbers in [-limit, limit).</summary>
    public static MlxArray Uniform(double limit, params ReadOnlySpan<int> shape) =>
        Mx.Random.Uniform((float)-limit, (float)limit, shape);

    /// <summary>Normal numbers around 0.</summary>
    public static MlxArray Normal(double scale, params ReadOnlySpan<int> shape) =>
        Mx.Random.Normal(shape, scale: (float)scale);

    /// <summary>How Python writes a truth value, for <see cref="Module.ToString"/>.</summary>
    public static string Text(bool value) => value ? "True" : "False";

    /// <exception cref="ArgumentOutOfRangeException">The number is not positive.</exception>
    public static float PositiveEps(float eps, string layer) => eps > 0f
        ? eps
        : throw new ArgumentOutOfRangeException(nameof(eps), eps, $"[{layer}] eps is added to a variance and must be greater than 0.");
}
