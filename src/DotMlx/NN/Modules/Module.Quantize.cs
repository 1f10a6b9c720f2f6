namespace DotMlx.NN;

public abstract partial class Module
{
    /// <summary>Replaces the layers below this one that have a quantized form, <see cref="Linear"/> and <see cref="Embedding"/>, by it (<c>nn.quantize</c>).</summary>
    /// <param name="groupSize">How many weights share a scale; null for the mode's default.</param>
    /// <param name="bits">Bits per weight; null for the mode's default.</param>
    /// <param name="mode">affine, mxfp4, nvfp4 or mxfp8.</param>
    /// <param name="quantizeInput">Whether inputs are quantized too: modes nvfp4 and mxfp8, linear layers without bias.</param>
    /// <param name="classPredicate">Gets the dotted path and the layer and says whether it is quantized; null for every layer that can be.</param>
    /// <exception cref="ArgumentException">The predicate chose a layer that has no quantized form, or there is no such mode.</exception>
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

    /// <summary>Replaces layers below this one by what a function makes of them, for instance with other settings for each.</summary>
    /// <param name="quantize">Gets the dotted path and a layer without layers below it; gives its replacement, or null to leave it.</param>
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
        : throw new ArgumentException($"'{path}' is a {layer.GetType().Name}, which has no quantized form; let the predicate say no.");
}
