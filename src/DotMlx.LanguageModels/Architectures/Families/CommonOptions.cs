namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>The options of <c>config.json</c> that most families have, and parts of a decoder made of them.</summary>
internal sealed class CommonOptions
{
    private const int MostLayers = 4096;

    private readonly ModelConfig _config;

    /// <param name="config">The options.</param>
    /// <param name="headDims">The features of a head where the file does not say; null for the hidden size divided by the heads.</param>
    internal CommonOptions(ModelConfig config, int? headDims = null)
    {
        _config = config;
        HiddenSize = config.Integer("hidden_size");
        Layers = config.Integer("num_hidden_layers", maximum: MostLayers);
        Heads = config.Integer("num_attention_heads");
        KeyValueHeads = config.IntegerOr("num_key_value_heads", Heads);
        if (Heads % KeyValueHeads != 0)
        {
            throw config.Broken("num_key_value_heads", $"is {KeyValueHeads}, which does not divide the {Heads} of 'num_attention_heads'");
        }
        HeadDims = config.IntegerOrNull("head_dim", maximum: 1 << 16) ?? (config.IsNull("head_dim") ? null : headDims)
            ?? Whole(HiddenSize, Heads);
        Norm = new(config.PositiveOr("rms_norm_eps", 1e-6));

        int Whole(int size, int parts) => size % parts == 0
            ? size / parts
            : throw config.Broken("hidden_size",
                $"is {size}, which the {parts} of 'num_attention_heads' do not divide; 'head_dim' is missing");
    }

    internal int HiddenSize { get; }

    internal int Layers { get; }

    internal int Heads { get; }

    internal int KeyValueHeads { get; }

    internal int HeadDims { get; }

    internal NormDescription Norm { get; }

    /// <summary>Attention to all tokens before, without biases and positions.</summary>
    internal AttentionDescription Attention => new()
    {
        Heads = Heads, KeyValueHeads = KeyValueHeads, HeadDims = HeadDims, Scale = 1 / Math.Sqrt(HeadDims),
    };

    /// <summary>A gated feed-forward part.</summary>
    internal GatedDescription Gated(bool bias = false) => new(_config.Integer("intermediate_size"), Activation("hidden_act"), bias);

    /// <summary>The activation that an option names.</summary>
    internal GatedUnit Activation(string option, string missing = "silu")
    {
        string name = _config.TextOrNull(option) ?? missing;
        return GatedUnit.Names.Contains(name)
            ? GatedUnit.Of(name)
            : throw _config.Unsupported(option, $"is '{name}'; known activations are {string.Join(", ", GatedUnit.Names)}");
    }

    /// <summary>Rotary embedding as the options <c>rope_…</c> describe it.</summary>
    internal RotaryDescription Rotary(double missingBase = 10000) => RotaryOptions.Read(_config, HeadDims, missingBase);

    /// <summary>A decoder of layers that may differ.</summary>
    internal DecoderDescription Decoder(Func<int, LayerDescription> layer, bool tiedWhereMissing = false) => new()
    {
        VocabularySize = _config.Integer("vocab_size"),
        HiddenSize = HiddenSize,
        Norm = Norm,
        TiedEmbeddings = _config.Flag("tie_word_embeddings", tiedWhereMissing),
        Layers = [.. Enumerable.Range(0, Layers).Select(layer)],
    };

    /// <summary>The sliding window, or null where attention reaches all tokens before.</summary>
    /// <param name="missing">What a missing option means; one that is null means that there is no window.</param>
    internal int? Window(int? missing = null) =>
        _config.IntegerOrNull("sliding_window") ?? (_config.IsNull("sliding_window") ? null : missing);

    /// <summary>Which layers have a sliding window: those that <c>layer_types</c> names, else those that a rule names.</summary>
    internal bool[] Sliding(Func<int, bool> rule)
    {
        if (_config.Texts("layer_types") is not { } types)
        {
            return [.. Enumerable.Range(0, Layers).Select(rule)];
        }
        if (types.Count != Layers)
        {
            throw _config.Broken("layer_types", $"has {types.Count} entries for {Layers} layers");
        }
        return [.. types.Select(type => type switch
        {
            "sliding_attention" => true,
            "full_attention" => false,
            _ => throw _config.Unsupported("layer_types", $"holds '{type}'; known are full_attention and sliding_attention"),
        })];
    }
}
