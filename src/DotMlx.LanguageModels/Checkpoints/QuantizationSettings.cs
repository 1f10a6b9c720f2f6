namespace DotMlx.LanguageModels;

/// <summary>The quantization of the layers of a checkpoint: a default and exceptions for individual layers.</summary>
internal sealed class QuantizationSettings
{
    private readonly Dictionary<string, Quantization?> _overrides = new(StringComparer.Ordinal);

    /// <summary>The setting of layers without one of their own; null if the checkpoint isn't quantized.</summary>
    internal Quantization? Default { get; private init; }

    /// <summary>Returns the setting of a layer; null if the layer isn't quantized.</summary>
    /// <param name="path">The dotted path of the layer.</param>
    internal Quantization? Of(string path) => _overrides.TryGetValue(path, out Quantization? own) ? own : Default;

    /// <summary>Reads <c>quantization</c>. Formats of other libraries in <c>quantization_config</c> are rejected by name.</summary>
    internal static QuantizationSettings Read(ModelConfig config)
    {
        ModelConfig? section = config.Section("quantization");
        if (section is not null)
        {
            // mlx-lm writes its settings under both names.
            config.Ignore("quantization_config");
        }
        else if (config.Section("quantization_config") is { } foreign)
        {
            if (foreign.TextOrNull("quant_method") is { } method)
            {
                foreign.Ignore("modules_to_not_convert", "dequantize");
                return method == "mxfp4"
                    ? new() { Default = new(32, 4, "mxfp4") }
                    : throw foreign.Unsupported("quant_method",
                        $"is '{method}', expected weights quantized in mlx-lm's layout or as mxfp4");
            }
            section = foreign;
        }
        if (section is null)
        {
            return new();
        }

        QuantizationSettings result = new() { Default = Quantization.Read(section) };
        foreach (string name in section.Names.Where(name => name is not ("group_size" or "bits" or "mode" or "quantize_input")))
        {
            result._overrides[name] = section.IsSection(name)
                ? Quantization.Read(section.Section(name)!)
                : section.Flag(name, missing: false) ? result.Default : null;
        }
        return result;
    }
}
