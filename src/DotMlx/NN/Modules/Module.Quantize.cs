namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>
    /// Replaces the layers below this module that have a quantized form, such as <see cref="Linear"/> and <see cref="Embedding"/>, with
    /// that form (<c>nn.quantize</c>).
    /// </summary>
    /// <param name="groupSize">The number of weights that share a scale; null for the default of the mode.</param>
    /// <param name="bits">The number of bits per weight; null for the default of the mode.</param>
    /// <param name="mode">affine, mxfp4, nvfp4, or mxfp8.</param>
    /// <param name="quantizeInput">Whether to quantize inputs too, which requires nvfp4 or mxfp8 and linear layers without a bias.</param>
    /// <param name="classPredicate">
    /// Takes the dotted path and the layer, and returns whether to quantize it; null for every layer that can be quantized.
    /// </param>
    /// <exception cref="ArgumentException">The predicate selected a layer that has no quantized form, or the mode is unknown.</exception>
    public Module Quantize(
        int? groupSize = null, int? bits = null, string mode = "affine", bool quantizeInput = false,
        Func<string, Module, bool>? classPredicate = null)
    {
        _ = QuantizationMode.Defaults(mode, groupSize, bits);
        classPredicate ??= static (_, layer) => layer is IQuantizable { CanQuantize: true };
        return Quantize((path, layer) => classPredicate(path, layer)
            ? AsQuantizable(path, layer).ToQuantized(groupSize, bits, mode, quantizeInput)
            : null);
    }

    /// <summary>
    /// Replaces layers below this module with the results of a function, for example with different settings for each layer.
    /// </summary>
    /// <param name="quantize">
    /// Takes the dotted path and a layer that has no layers below it, and returns its replacement, or null to keep it.
    /// </param>
    public Module Quantize(Func<string, Module, Module?> quantize)
    {
        ArgumentNullException.ThrowIfNull(quantize);
        List<KeyValuePair<string, Module>> replacements = [];
        foreach ((string path, Module layer) in LeafModules())
        {
            if (quantize(path, layer) is { } replacement && replacement != layer)
            {
                replacements.Add(new(path, replacement));
            }
        }
        return UpdateModules(replacements);
    }

    private static IQuantizable AsQuantizable(string path, Module layer) => layer is IQuantizable { CanQuantize: true } quantizable
        ? quantizable
        : throw new ArgumentException($"'{path}' is a {layer.GetType().Name}, which has no quantized form; "
        + $"return false for it in the predicate.");
}
