namespace DotMlx.LanguageModels.Architectures.Families;

/// <summary>The options of <c>config.json</c> that most families have, and decoder parts derived from them.</summary>
internal sealed class CommonOptions
{
    private const int MaxLayers = 4096;

    private readonly ModelConfig _config;

    /// <param name="config">The options.</param>
    /// <param name="headDims">The default number of features per head; null for the hidden size divided by the number of heads.</param>
    internal CommonOptions(ModelConfig config, int? headDims = null)
    {
        _config = config;
        HiddenSize = config.Integer("hidden_size");
        Layers = config.Integer("num_hidden_layers", maximum: MaxLayers);
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

    /// <summary>Attention to all preceding tokens, without biases and without position embeddings.</summary>
    internal AttentionDescription Attention => new()
    {
        Heads = Heads, KeyValueHeads = KeyValueHeads, HeadDims = HeadDims, Scale = 1 / Math.Sqrt(HeadDims),
    };

    /// <summary>A gated feed-forward part.</summary>
    internal GatedDescription Gated(bool bias = false) => new(_config.Integer("intermediate_size"), Activation("hidden_act"), bias);

    /// <summary>Reads the activation that an option names.</summary>
    internal GatedUnit Activation(string option, string missing = "silu")
    {
        string name = _config.TextOrNull(option) ?? missing;
        return GatedUnit.Names.Contains(name)
            ? GatedUnit.Of(name)
            : throw _config.Unsupported(option, $"is '{name}'; known activations are {string.Join(", ", GatedUnit.Names)}");
    }

    /// <summary>Reads the rotary embedding from the <c>rope_…</c> options.</summary>
    internal RotaryDescription Rotary(double missingBase = 10000) => RotaryOptions.Read(_config, HeadDims, missingBase);

    /// <summary>Describes a decoder whose layers may differ.</summary>
    internal DecoderDescription Decoder(Func<int, LayerDescription> layer, bool tiedWhereMissing = false) => new()
    {
        VocabularySize = _config.Integer("vocab_size"),
        HiddenSize = HiddenSize,
        Norm = Norm,
        TiedEmbeddings = _config.Flag("tie_word_embeddings", tiedWhereMissing),
        Layers = [.. Enumerable.Range(0, Layers).Select(layer)],
    };

    /// <summary>The sliding window, or null if attention covers all preceding tokens.</summary>
    /// <param name="missing">The value of a missing option. An explicit null means no window.</param>
    internal int? Window(int? missing = null) =>
        _config.IntegerOrNull("sliding_window") ?? (_config.IsNull("sliding_window") ? null : missing);

    /// <summary>Returns for each layer whether it has a sliding window, from <c>layer_types</c> or else from a rule.</summary>
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
            _ => throw _config.Unsupported("layer_types", $"holds '{type}'; expected full_attention or sliding_attention"),
        })];
    }
}
