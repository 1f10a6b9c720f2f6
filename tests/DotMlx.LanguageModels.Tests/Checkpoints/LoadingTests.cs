using System.Text.Json.Nodes;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;

namespace DotMlx.LanguageModels.Tests.Checkpoints;

/// <summary>Weights as stored or converted, in one file or several, and every way in which they can fail to match.</summary>
internal sealed class LoadingTests
{
    [Test]
    public void TypesStayAsStoredUnlessAnotherOneIsAskedFor()
    {
        using ModelCopy copy = new("llama");
        copy.Rewrite(weights =>
        {
            foreach (string name in weights.Keys.ToArray())
            {
                weights[name] = weights[name].AsType(DType.BFloat16);
            }
        });
        using LanguageModel stored = copy.Load(), half = copy.Load(new() { DType = DType.Float16 });
        Assert.That(Types(stored), Is.All.EqualTo(DType.BFloat16));
        Assert.That(Types(half), Is.All.EqualTo(DType.Float16));
        Assert.That(() => new LoadOptions { DType = DType.Int32 },
            Throws.ArgumentException.With.Message.Contains("Float32, Float16, or BFloat16"));

        static IEnumerable<DType> Types(LanguageModel model) => model.Model.Parameters().Flatten().Select(item => item.Value.DType);
    }

    [TestCase(DType.Float16, 1e-2)]
    [TestCase(DType.BFloat16, 1e-1)]
    public void HalfPrecisionIsNear(DType type, double tolerance)
    {
        // Rounding makes a router choose other experts, so models with experts differ much from the original. They are tested below.
        foreach (string name in TestModels.Names.Where(name => name is not ("bert" or "mixtral" or "qwen3-moe" or "gpt-oss")))
        {
            using LanguageModel model = LanguageModel.Load(TestModels.Folder(name), new() { DType = type });
            using SafetensorsFile expected = Expected.Of(name);
            using MlxArray logits = model.Decoder.Forward(expected["prompt"]);
            Assert.That(logits.DType, Is.EqualTo(type), name);
            Assert.That(Expected.Difference(logits, expected["logits"]), Is.LessThan(tolerance), name);
        }
    }

    [TestCase(DType.Float16, 3e-3)]
    [TestCase(DType.BFloat16, 3e-2)]
    public void ExpertsInHalfPrecisionAreNear(DType type, double tolerance)
    {
        MlxArray weight = Mx.Random.Uniform(-1, 1, [4, 24, 16]), bias = Mx.Random.Uniform(-1, 1, [4, 24]),
            x = Mx.Random.Uniform(-1, 1, [3, 5, 1, 1, 16]);
        MlxArray chosen = Mx.Random.RandInt(0, 4, [3, 5, 2]);
        SwitchLinear exact = new(weight, bias), half = new(weight.AsType(type), bias.AsType(type));
        MlxArray result = half.Forward(x.AsType(type), chosen);
        Assert.That(result.DType, Is.EqualTo(type));
        Assert.That(Expected.Difference(result, exact.Forward(x, chosen)), Is.LessThan(tolerance));
    }

    [Test]
    public void AModelOutlivesTheScopeInWhichItWasLoaded()
    {
        LanguageModel model;
        using (MlxScope.Begin())
        {
            model = LanguageModel.Load(TestModels.Folder("mixtral"));
        }
        using SafetensorsFile expected = Expected.Of("mixtral");
        using MlxArray logits = model.Decoder.Forward(expected["prompt"]);
        Assert.That(Expected.Difference(logits, expected["logits"]), Is.LessThan(2e-5));
        model.Dispose();
    }

    [Test]
    public void EverythingThatDoesNotFitIsListedAtOnce()
    {
        using ModelCopy copy = new("llama");
        copy.Rewrite(weights =>
        {
            weights.Remove("model.layers.1.mlp.up_proj.weight");
            weights.Remove("model.norm.weight");
            weights["model.layers.9.mlp.up_proj.weight"] = Mx.Ones(2, 3);
            weights["model.layers.0.self_attn.q_proj.weight"] = Mx.Ones(64, 65);
            weights["model.layers.0.self_attn.k_proj.weight"] = Mx.Ones([32, 64], DType.Int32);
        });
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => copy.Load());
        Assert.That(error.Message, Does.Contain(copy.Folder)
            .And.Contain("2 missing, 1 unexpected, 2 with the wrong shape")
            .And.Contain("'model.layers.1.mlp.up_proj.weight' of shape (112, 64) is missing")
            .And.Contain("'model.norm.weight' of shape (64) is missing")
            .And.Contain("'model.layers.9.mlp.up_proj.weight' of shape (2, 3) has no place in the model")
            .And.Contain("'model.layers.0.self_attn.q_proj.weight' has the shape (64, 65), expected (64, 64)")
            .And.Contain("'model.layers.0.self_attn.k_proj.weight' has the type Int32, expected a floating-point type"));
    }

    [Test]
    public void AnExpertThatIsMissingIsNamed()
    {
        using ModelCopy copy = new("mixtral");
        copy.Rewrite(weights => weights.Remove("model.layers.1.block_sparse_moe.experts.2.w1.weight"));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => copy.Load());
        Assert.That(error.Message,
            Does.Contain("'model.layers.1.block_sparse_moe.switch_mlp.gate_proj.weight' of shape (4, 112, 64) is missing")
            .And.Contain("'model.layers.1.block_sparse_moe.experts.3.w1.weight' of shape (112, 64) has no place in the model"));
    }

    [Test]
    public void ComputedBuffersAreLeftOut()
    {
        using ModelCopy copy = new("llama-tied");
        copy.Rewrite(weights =>
        {
            weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = Mx.Ones(8);
            weights["lm_head.weight"] = Mx.Ones(400, 64);
        });
        using LanguageModel model = copy.Load();
        Assert.That(model.Decoder.LmHead, Is.Null);
    }

    [Test]
    public void ACheckpointWithoutOutputLayerMayLeaveThePrefixOut()
    {
        using ModelCopy copy = new("qwen2");
        copy.Rewrite(weights =>
        {
            foreach (string name in weights.Keys.ToArray())
            {
                weights.Remove(name, out MlxArray? array);
                weights[name["model.".Length..]] = array!;
            }
        });
        using LanguageModel model = copy.Load();
        using SafetensorsFile expected = Expected.Of("qwen2");
        Assert.That(Expected.Difference(model.Decoder.Forward(expected["prompt"]), expected["logits"]), Is.LessThan(2e-5));
    }

    [Test]
    public void AnUnknownFamilySaysWhichAreKnown()
    {
        using ModelCopy copy = new("llama");
        copy.Configure(config => config["model_type"] = "mamba");
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => copy.Load());
        Assert.That(error.Message,
            Does.Contain("'mamba'").And.Contain("llama").And.Contain("qwen3_moe").And.Contain("gpt_oss").And.Contain("Register"));
    }

    [TestCase("hidden_act", "\"snake\"", "'snake'; known activations are silu")]
    [TestCase("rope_scaling", "{\"rope_type\": \"spiral\", \"factor\": 2}",
        "'rope_scaling.rope_type' is 'spiral'; expected default, linear")]
    [TestCase("rope_scaling", "{\"type\": \"linear\", \"factor\": 2, \"twist\": 3}", "'rope_scaling.twist'")]
    [TestCase("attention_chunk_size", "128", "'attention_chunk_size'")]
    [TestCase("quantization_config", "{\"quant_method\": \"gptq\", \"bits\": 4}", "'quantization_config.quant_method' is 'gptq'")]
    [TestCase("quantization", "{\"group_size\": 64, \"bits\": 4, \"mode\": \"ternary\"}", "'quantization.mode' is 'ternary'")]
    public void UnknownOptionsAreRejectedByName(string option, string value, string expected)
    {
        using ModelCopy copy = new("llama");
        copy.Configure(config => config[option] = JsonNode.Parse(value));
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => copy.Load());
        Assert.That(error.Message, Does.Contain(copy["config.json"]).And.Contain(expected));
    }

    [Test]
    public void AnOptionMayBeIgnoredByTheUser()
    {
        using ModelCopy copy = new("llama");
        copy.Configure(config => config["house_color"] = "blue");
        Assert.That(() => copy.Load(),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("'house_color'").And.Message.Contains("IgnoredOptions"));
        copy.Load(new() { IgnoredOptions = ["house_color"] }).Dispose();
    }

    [TestCase("num_attention_heads", "6", "'head_dim'")]
    [TestCase("num_key_value_heads", "3", "does not divide")]
    [TestCase("hidden_size", "-1", "'hidden_size' is -1")]
    [TestCase("hidden_size", "\"64\"", "expected a whole number")]
    [TestCase("num_hidden_layers", "1000000000", "expected a number from 1 to 4096")]
    [TestCase("rms_norm_eps", "0", "expected a number above 0")]
    [TestCase("tie_word_embeddings", "1", "expected true or false")]
    [TestCase("vocab_size", null, "'vocab_size' is missing")]
    public void ABrokenOptionIsNamed(string option, string? value, string expected)
    {
        using ModelCopy copy = new("llama");
        copy.Configure(config =>
        {
            config[option] = value is null ? null : JsonNode.Parse(value);
            config.Remove("head_dim");
        });
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => copy.Load());
        Assert.That(error.Message, Does.Contain(copy["config.json"]).And.Contain(expected));
    }

    [Test]
    public void AShardThatIsMissingOrIncompleteIsNamed()
    {
        using ModelCopy copy = new("qwen3");
        string shard = Directory.GetFiles(copy.Folder, "model-00003-*").Single(), index = copy["model.safetensors.index.json"];
        string map = File.ReadAllText(index);
        File.WriteAllText(index, map.Replace("\"model.norm.weight\"", "\"model.norms.weight\"", StringComparison.Ordinal));
        Assert.That(() => copy.Load(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("'model.norms.weight'"));
        File.WriteAllText(index,
            map.Replace("model-00002-of-00007.safetensors", "../model-00002-of-00007.safetensors", StringComparison.Ordinal));
        Assert.That(() => copy.Load(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("in the index's folder"));
        File.WriteAllText(index, map);
        byte[] bytes = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, bytes[..^100]);
        Assert.That(() => copy.Load(), Throws.TypeOf<InvalidDataException>().With.Message.Contains(shard));
        File.Delete(shard);
        Assert.That(() => copy.Load(), Throws.TypeOf<FileNotFoundException>().With.Message.Contains(Path.GetFileName(shard)));
        File.Delete(index);
        Assert.That(() => copy.Load(), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("has no weights"));
        Assert.That(() => LanguageModel.Load(copy["nowhere"]), Throws.TypeOf<DirectoryNotFoundException>());
    }

    [Test]
    public void EndTokensAreThoseOfTheGenerationConfig()
    {
        using ModelCopy copy = new("llama");
        using (LanguageModel model = copy.Load())
        {
            Assert.That(model.EndTokens, Is.EqualTo(new[] { 399, 396 }));
        }
        File.Delete(copy["generation_config.json"]);
        using LanguageModel other = copy.Load();
        Assert.That(other.EndTokens, Is.EqualTo(new[] { 399 }));
    }

    [Test]
    public void ALayersOwnSettingDoesNotTakeTheModeOfTheOthers()
    {
        // mlx-lm writes this for the routers of experts, whose weights it quantizes with MLX's defaults.
        ModelConfig config = ModelConfig.Parse(
            """
            {"quantization": {
                "group_size": 32, "bits": 4, "mode": "mxfp4", "model.layers.0.mlp.gate": {"group_size": 64, "bits": 8}, "lm_head": false}}
            """u8.ToArray(),
            "config.json");
        QuantizationSettings settings = QuantizationSettings.Read(config);
        Assert.Multiple(() =>
        {
            Assert.That(settings.Of("model.layers.0.mlp.gate"), Is.EqualTo(new Quantization(64, 8, "affine")));
            Assert.That(settings.Of("model.layers.0.mlp.up_proj"), Is.EqualTo(new Quantization(32, 4, "mxfp4")));
            Assert.That(settings.Of("lm_head"), Is.Null);
        });
    }

    [RequiresMlx("quantized weights are not provided by the reference library")]
    [Test]
    public void LayersMayBeQuantizedInTheirOwnWay()
    {
        using ModelCopy copy = new("llama-affine-4bit-g32");
        copy.Configure(config =>
            config["quantization"]!["model.layers.0.self_attn.q_proj"] = new JsonObject { ["group_size"] = 32, ["bits"] = 8 });
        Assert.That(() => copy.Load(), Throws.TypeOf<InvalidDataException>().With.Message
            .Contains("'model.layers.0.self_attn.q_proj.weight' has the shape (64, 8), expected (64, 16)"));
        copy.Rewrite(weights =>
        {
            const string Path = "model.layers.0.self_attn.q_proj.";
            MlxArray plain = Mx.Dequantize(weights[Path + "weight"], weights[Path + "scales"], weights[Path + "biases"], 32, 4);
            (weights[Path + "weight"], weights[Path + "scales"], MlxArray? biases) = Mx.Quantize(plain, 32, 8);
            weights[Path + "biases"] = biases!;
        });
        using LanguageModel model = copy.Load();
        using SafetensorsFile expected = Expected.Of("llama-affine-4bit-g32");
        Assert.That(((QuantizedLinear)model.Decoder.Model.Layers[0].SelfAttention.QProj!).Bits, Is.EqualTo(8));
        Assert.That(Expected.Difference(model.Decoder.Forward(expected["prompt"]), expected["logits"]), Is.LessThan(2e-2));
    }

    [Test]
    public void AFamilyOfOnesOwnCanBeRegistered()
    {
        ModelFamilies.Register(new Doubled());
        Assert.That(ModelFamilies.Known, Does.Contain("doubled_llama"));
        using ModelCopy copy = new("llama");
        copy.Configure(config => config["model_type"] = "doubled_llama").Rewrite(weights =>
        {
            weights.Remove("model.norm.weight", out MlxArray? norm);
            weights["model.final.weight"] = norm!;
        });
        using LanguageModel model = copy.Load();
        using SafetensorsFile expected = Expected.Of("llama");
        Assert.That(Expected.Difference(model.Decoder.Forward(expected["prompt"]), expected["logits"] * 2), Is.LessThan(2e-5));
    }

    [Test]
    public void SeveralThreadsComputeWithOneModel()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("gemma2"));
        using SafetensorsFile expected = Expected.Of("gemma2");
        double[] differences = new double[4];
        Parallel.For(0, differences.Length, i =>
        {
            using MlxScope scope = MlxScope.Begin();
            using DecoderCache cache = new(model.Decoder);
            differences[i] = Expected.Difference(model.Decoder.Forward(expected["prompt"], cache), expected["logits"]);
        });
        Assert.That(differences, Is.All.LessThan(2e-5));
    }

    /// <summary>Llama with doubled logits, another name for the norm, and its own option.</summary>
    private sealed class Doubled : DecoderFamily
    {
        public override string ModelType => "doubled_llama";

        public override DecoderDescription Describe(ModelConfig config)
        {
            int heads = config.Integer("num_attention_heads"), dims = config.Integer("head_dim");
            ModelConfig scaling = config.Section("rope_scaling")!;
            double factor = scaling.Number("factor"), low = scaling.Number("low_freq_factor"), high = scaling.Number("high_freq_factor");
            int original = scaling.Integer("original_max_position_embeddings");
            scaling.Ignore("rope_type");
            double @base = config.Number("rope_theta");
            config.Ignore("attention_bias", "mlp_bias", "hidden_act", "tie_word_embeddings");
            IEnumerable<double> periods = Enumerable.Range(0, dims / 2).Select(i => Math.Pow(@base, 2.0 * i / dims)).Select(period =>
            {
                double turns = original / (2 * Math.PI * period), share = Math.Clamp((turns - low) / (high - low), 0, 1);
                return 1 / (((1 - share) / (period * factor)) + (share / period));
            });
            LayerDescription layer = new(
                new AttentionDescription
                {
                    Heads = heads,
                    KeyValueHeads = config.Integer("num_key_value_heads"),
                    HeadDims = dims,
                    Scale = 1 / Math.Sqrt(dims),
                    Rotary = new(dims, RotaryPeriods.Of(periods)),
                },
                new GatedDescription(config.Integer("intermediate_size"), GatedUnit.Of("silu")),
                ResidualDescription.Before);
            return new()
            {
                VocabularySize = config.Integer("vocab_size"),
                HiddenSize = config.Integer("hidden_size"),
                Norm = new(config.Number("rms_norm_eps")),
                Layers = [.. Enumerable.Repeat(layer, config.Integer("num_hidden_layers"))],
                LogitScale = 2,
            };
        }

        public override void Prepare(Checkpoint checkpoint, ModelConfig config)
        {
            base.Prepare(checkpoint, config);
            checkpoint.Rename(name => name.Replace("model.final.", "model.norm.", StringComparison.Ordinal));
        }
    }
}
