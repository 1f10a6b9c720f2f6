namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>
/// Reads rotary embeddings in the newer form (<c>rope_parameters</c>, possibly with a section per layer type) and the older form
/// (<c>rope_theta</c> and <c>rope_scaling</c>). The formulas are those of Hugging Face's <c>modeling_rope_utils.py</c>.
/// </summary>
internal static class RotaryOptions
{
    /// <param name="config">The options of the model.</param>
    /// <param name="headDims">The number of features per head.</param>
    /// <param name="missingBase">The default base.</param>
    /// <param name="layerType">The section of <c>rope_parameters</c>, if there is one per layer type.</param>
    internal static RotaryDescription Read(ModelConfig config, int headDims, double missingBase, string? layerType = null)
    {
        ModelConfig? section = config.Section("rope_parameters");
        if (section is not null)
        {
            config.Ignore("rope_scaling");
            if (layerType is not null && section.IsSection(layerType))
            {
                section = section.Section(layerType);
            }
        }
        section ??= config.Section("rope_scaling");
        double oldBase = config.PositiveOr("rope_theta", missingBase), oldPart = config.PositiveOr("partial_rotary_factor", 1);
        double @base = section?.PositiveOr("rope_theta", oldBase) ?? oldBase;
        double part = section?.PositiveOr("partial_rotary_factor", oldPart) ?? oldPart;
        int dims = (int)Math.Min(headDims * part, headDims + 1.0);
        if (dims < 2 || dims % 2 != 0 || dims > headDims)
        {
            throw config.Broken("partial_rotary_factor",
                $"rotates {dims} of the {headDims} features of a head, expected an even number of them");
        }
        return new(dims, section is null ? RotaryPeriods.Plain(dims, @base) : Scaled(config, section, dims, @base));
    }

    /// <summary>A rotary embedding with the given base and without scaling.</summary>
    internal static RotaryDescription Plain(ModelConfig config, int headDims, double @base) => headDims % 2 == 0
        ? new(headDims, RotaryPeriods.Plain(headDims, @base))
        : throw config.Broken("head_dim", $"is {headDims}, expected an even number");

    private static RotaryPeriods Scaled(ModelConfig config, ModelConfig section, int dims, double @base)
    {
        // Older files use the name "type", and some files have both.
        string? older = section.TextOrNull("type");
        string type = section.TextOrNull("rope_type") ?? older ?? "default";
        switch (type)
        {
            case "default":
                return RotaryPeriods.Plain(dims, @base);
            case "linear":
                return RotaryPeriods.Plain(dims, @base, Factor());
            case "dynamic":
                return RotaryPeriods.Dynamic(dims, @base, Factor(), OriginalLength());
            case "llama3":
                return Llama3(section, dims, @base, Factor(), OriginalLength());
            case "yarn":
                return Yarn(section, dims, @base, FactorOr(() => MaxLength() / (double)OriginalLength()), OriginalLength());
            case "longrope" or "su":
                return LongRope(config, section, dims, @base, FactorOr(() => MaxLength() / (double)OriginalLength()), OriginalLength());
            default:
                throw section.Unsupported(
                    "rope_type", $"is '{type}'; expected default, linear, dynamic, llama3, yarn, longrope, or su");
        }

        double Factor() => Positive("factor", section.Number("factor"));

        double FactorOr(Func<double> missing) => section.Has("factor") ? Factor() : missing();

        double Positive(string name, double number) =>
            number > 0 ? number : throw section.Broken(name, $"is {number}, expected a number above 0");

        int MaxLength() => config.Integer("max_position_embeddings", maximum: int.MaxValue);

        int OriginalLength()
        {
            int? whole = config.IntegerOrNull("original_max_position_embeddings", maximum: int.MaxValue);
            return section.IntegerOrNull("original_max_position_embeddings", maximum: int.MaxValue) ?? whole ?? MaxLength();
        }
    }

    private static RotaryPeriods Llama3(ModelConfig section, int dims, double @base, double factor, int length)
    {
        double low = section.Number("low_freq_factor"), high = section.Number("high_freq_factor");
        if (low <= 0 || high <= low)
        {
            throw section.Broken("high_freq_factor", $"is {high}, expected a number above 'low_freq_factor', which is {low} and above 0");
        }
        return RotaryPeriods.Of(Powers(dims, @base).Select(period =>
        {
            double wave = 2 * Math.PI * period;
            if (wave < length / high)
            {
                return period;
            }
            if (wave > length / low)
            {
                return period * factor;
            }
            double share = ((length / wave) - low) / (high - low);
            return 1 / (((1 - share) / (period * factor)) + (share / period));
        }));
    }

    private static RotaryPeriods Yarn(ModelConfig section, int dims, double @base, double factor, int length)
    {
        double fast = section.PositiveOr("beta_fast", 32), slow = section.PositiveOr("beta_slow", 1);
        double first = Dimension(fast), last = Dimension(slow);
        if (section.Flag("truncate", true))
        {
            (first, last) = (Math.Floor(first), Math.Ceiling(last));
        }
        (first, last) = (Math.Max(first, 0), Math.Min(last, dims - 1));
        last = first == last ? last + 0.001 : last;
        double scale = section.NumberOr("mscale", 0), all = section.NumberOr("mscale_all_dim", 0);
        double magnitude = section.NumberOrNull("attention_factor")
            ?? (scale != 0 && all != 0 ? Magnitude(scale) / Magnitude(all) : Magnitude(1));
        return RotaryPeriods.Of(
            Powers(dims, @base).Select((period, i) =>
            {
                double scaled = Math.Clamp((i - first) / (last - first), 0, 1);
                return 1 / ((scaled / (period * factor)) + ((1 - scaled) / period));
            }),
            magnitude);

        // The feature pair that completes this many turns over the original context length.
        double Dimension(double turns) => dims * Math.Log(length / (turns * 2 * Math.PI)) / (2 * Math.Log(@base));

        double Magnitude(double scale) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;
    }

    private static RotaryPeriods LongRope(ModelConfig config, ModelConfig section, int dims, double @base, double factor, int length)
    {
        double[] shortPeriods = Factors("short_factor"), longPeriods = Factors("long_factor");
        double magnitude = section.NumberOrNull("attention_factor")
            ?? (factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(length))));
        config.Ignore("max_position_embeddings");
        return RotaryPeriods.ByLength(shortPeriods, longPeriods, length, magnitude);

        double[] Factors(string name)
        {
            IReadOnlyList<double> factors = section.Numbers(name) ?? throw section.Broken(name, "is missing");
            return factors.Count == dims / 2 && factors.All(value => value > 0)
                ? [.. Powers(dims, @base).Zip(factors, (period, value) => period * value)]
                : throw section.Broken(name, $"has {factors.Count} entries, expected {dims / 2} numbers above 0");
        }
    }

    private static IEnumerable<double> Powers(int dims, double @base) =>
        Enumerable.Range(0, dims / 2).Select(i => Math.Pow(@base, 2.0 * i / dims));
}
