namespace DotMlx.LanguageModels;

/// <summary>How the layers of a checkpoint are quantized: one setting for all, and others for some.</summary>
internal sealed class QuantizationSettings
{
    private readonly Dictionary<string, Quantization?> _overrides = new(StringComparer.Ordinal);

    /// <summary>For layers without a setting of their own; null when the checkpoint is not quantized.</summary>
    internal Quantization? Default { get; private init; }

    /// <summary>The setting of a layer; null when it is not quantized.</summary>
    /// <param name="path">The dotted path of the layer.</param>
    internal Quantization? Of(string path) => _overrides.TryGetValue(path, out Quantization? own) ? own : Default;

    /// <summary>Reads <c>quantization</c>; formats of other libraries in <c>quantization_config</c> are refused by name.</summary>
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
                        $"is '{method}'; quantized weights are read in mlx-lm's layout and as mxfp4");
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
                ? Quantization.Read(section.Section(name)!, result.Default)
                : section.Flag(name, missing: false) ? result.Default : null;
        }
        return result;
    }
}
