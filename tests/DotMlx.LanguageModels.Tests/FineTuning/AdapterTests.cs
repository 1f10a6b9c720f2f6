using System.Text.Json.Nodes;
using DotMlx.LanguageModels.FineTuning;
using DotMlx.NN;

namespace DotMlx.LanguageModels.Tests;

internal sealed class AdapterTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx-adapter-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("llama-lora", "adapters.safetensors")]
    [TestCase("qwen3-dora", "adapters.safetensors")]
    [TestCase("qwen3-moe-lora", "adapters.safetensors")]
    public void SavedAdaptersMatchThoseOfMlxLm(string name, string file)
    {
        using GoldenRun run = new(name);
        using LanguageModel model = run.LoadModel();
        using Adapter adapter = Adapter.Load(model, run.Folder);
        adapter.Save(_folder);
        using SafetensorsFile saved = Mx.LoadSafetensors(Path.Combine(_folder, file)),
            original = Mx.LoadSafetensors(Path.Combine(run.Folder, file));
        Assert.Multiple(() =>
        {
            Assert.That(saved.Keys, Is.EquivalentTo(original.Keys));
            foreach (string key in original.Keys)
            {
                Assert.That(saved[key].ToArray<float>(), Is.EqualTo(original[key].ToArray<float>()), key);
            }
            Assert.That(AdapterConfig.Load(_folder).Layers, Is.EqualTo(2));
            Assert.That(AdapterConfig.Load(_folder).Lora, Is.EqualTo(new LoraParameters { Rank = 4, Scale = 10 }));
        });
    }

    [Test]
    public void AdaptersOfOneModelAreSwitched()
    {
        using GoldenRun run = new("llama-lora");
        using LanguageModel model = run.LoadModel();
        using TrainingBatch batch = run.Batch(0);
        using Adapter first = Adapter.Load(model, run.Folder),
            second = Adapter.Create(model, new() { Layers = 1, Lora = new() { Rank = 2, Keys = ["lm_head", "self_attn.o_proj"] } });
        float[] plain = Logits();
        model.Adapter = first;
        float[] adapted = Logits();
        model.Adapter = second;
        float[] untrained = Logits();
        model.Adapter = first;
        float[] again = Logits();
        model.Adapter = null;
        Assert.Multiple(() =>
        {
            Assert.That(adapted, Is.Not.EqualTo(plain).Within(1e-3));
            Assert.That(untrained, Is.EqualTo(plain), "a new adapter changes nothing");
            Assert.That(again, Is.EqualTo(adapted));
            Assert.That(Logits(), Is.EqualTo(plain));
            Assert.That(second.Layers, Is.EquivalentTo(new[] { "model.layers.2.self_attn.o_proj", "lm_head" }));
        });

        float[] Logits()
        {
            using MlxArray logits = model.Decoder.Forward(batch.Tokens);
            return logits.ToArray<float>();
        }
    }

    [Test]
    public void AnAdapterOfAllWeightsIsSwitchedToo()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("qwen2"));
        float[] before = model.Decoder.Model.Norm.Weight.ToArray<float>();
        using MlxArray other = Mx.Full([before.Length], 3f);
        Mx.SaveSafetensors(Path.Combine(_folder, "adapters.safetensors"),
            new Dictionary<string, MlxArray> { ["model.norm.weight"] = other });
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"),
            """{"fine_tune_type": "full", "num_layers": -1, "lora_parameters": null}""");
        using Adapter adapter = Adapter.Load(model, _folder);
        model.Adapter = adapter;
        float[] with = model.Decoder.Model.Norm.Weight.ToArray<float>();
        model.Adapter = null;
        Assert.Multiple(() =>
        {
            Assert.That(with, Is.All.EqualTo(3f));
            Assert.That(model.Decoder.Model.Norm.Weight.ToArray<float>(), Is.EqualTo(before));
        });
    }

    [TestCase(false, 4.0)]
    [TestCase(true, 8.0)]
    public void AnAdapterOfPeftIsRead(bool rankStabilized, double scale)
    {
        using GoldenRun run = new("qwen3-dora");
        using LanguageModel model = run.LoadModel();
        using SafetensorsFile original = Mx.LoadSafetensors(Path.Combine(run.Folder, "adapters.safetensors"));
        Dictionary<string, string> endings = new()
            { ["lora_a"] = "lora_A.weight", ["lora_b"] = "lora_B.weight", ["m"] = "lora_magnitude_vector" };
        Dictionary<string, MlxArray> peft = original.ToDictionary(
            item => $"base_model.model.{item.Key[..item.Key.LastIndexOf('.')]}.{endings[item.Key[(item.Key.LastIndexOf('.') + 1)..]]}",
            item => item.Value.NDim == 2 ? item.Value.T : item.Value);
        Mx.SaveSafetensors(Path.Combine(_folder, "adapter_model.safetensors"), peft);
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), new JsonObject
        {
            ["peft_type"] = "LORA", ["r"] = 4, ["lora_alpha"] = 16, ["use_dora"] = true, ["use_rslora"] = rankStabilized,
            ["target_modules"] = new JsonArray("q_proj"),
        }.ToJsonString());
        using Adapter adapter = Adapter.Load(model, _folder);
        Assert.Multiple(() =>
        {
            Assert.That(adapter.Config.Lora.Scale, Is.EqualTo(scale));
            Assert.That(adapter.Config.Method, Is.EqualTo(FineTuningMethod.Dora));
            Assert.That(adapter.Weights.Keys, Is.EquivalentTo(original.Keys));
            foreach ((string key, MlxArray array) in adapter.Weights)
            {
                Assert.That(array.ToArray<float>(), Is.EqualTo(original[key].ToArray<float>()), key);
            }
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    public void AnAdapterOfLayersThatWereFusedIsRefused(bool quantized)
    {
        using GoldenRun run = new("llama-lora");
        using LanguageModel model = run.LoadModel();
        using Adapter first = Adapter.Load(model, run.Folder), second = Adapter.Load(model, run.Folder);
        using Adapter elsewhere = Adapter.Create(model, new() { Layers = 1, Lora = new() { Rank = 2, Keys = ["lm_head"] } });
        using MlxArray tokens = MlxArray.Create<int>([1, 5, 7, 2], 1, 4);
        if (quantized)
        {
            Assume.That(MlxLibrary.Kind, Is.Not.EqualTo(MlxLibraryKind.Reference));
            model.Quantize(QuantizationRecipe.Uniform(32, 8));
        }
        else
        {
            first.Fuse();
        }
        using MlxArray before = model.Decoder.Forward(tokens);
        Assert.Multiple(() =>
        {
            Assert.That(() => model.Adapter = second, Throws.InvalidOperationException.With.Message.Contains("Load the adapter again"));
            Assert.That(() => second.Fuse(), Throws.InvalidOperationException);
            Assert.That(model.Adapter, Is.Null);
            if (!quantized)
            {
                model.Adapter = elsewhere;
                Assert.That(model.Adapter, Is.SameAs(elsewhere), "its layers are as they were");
                model.Adapter = null;
            }
            using MlxArray after = model.Decoder.Forward(tokens);
            Assert.That(after.ToArray<float>(), Is.EqualTo(before.ToArray<float>()));
        });
    }

    [Test]
    public void AnAdapterThatCannotBeSavedLeavesNoFiles()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("llama"));
        using Adapter other = Adapter.Create(model, new() { Layers = 1, Lora = new() { Rank = 2 } });
        using Adapter adapter = Adapter.Of(model, other.Config with { IsUniform = false }, new Dictionary<string, Module>());
        string folder = Path.Combine(_folder, "new");
        Assert.That(() => adapter.Save(folder), Throws.TypeOf<NotSupportedException>());
        Assert.That(Directory.Exists(folder), Is.False);
    }

    [Test]
    public void MismatchedAdapterWeightsAreNamed()
    {
        using GoldenRun run = new("llama-lora");
        using LanguageModel model = run.LoadModel(), other = LanguageModel.Load(TestModels.Folder("qwen3"));
        using MlxArray small = Mx.Zeros(2, 2);
        File.Copy(Path.Combine(run.Folder, "adapter_config.json"), Path.Combine(_folder, "adapter_config.json"));
        Mx.SaveSafetensors(Path.Combine(_folder, "adapters.safetensors"),
            new Dictionary<string, MlxArray> { ["model.layers.2.self_attn.q_proj.lora_a"] = small });
        Assert.Multiple(() =>
        {
            Assert.That(() => Adapter.Load(model, _folder), Throws.TypeOf<InvalidDataException>()
                .With.Message.Contains("'model.layers.2.self_attn.q_proj.lora_a' has the shape (2, 2)").And.Message
                .Contains("expected (64, 4)"));
            Assert.That(() => other.Adapter = Adapter.Load(model, run.Folder), Throws.ArgumentException);
            Assert.That(() => Adapter.Load(model, TestModels.Folder("llama")),
                Throws.TypeOf<FileNotFoundException>().With.Message.Contains("adapter_config.json"));
            Assert.That(
                () => Adapter.Create(model, new() { Layers = 0, Lora = new() { Keys = ["self_attn.query"] } }),
                Throws.ArgumentException.With.Message.Contains("'self_attn.query'").And.Message.Contains("'self_attn.q_proj'"));
            Assert.That(() => Adapter.Create(model, new() { Layers = 9 }), Throws.ArgumentException.With.Message.Contains("9 layers"));
        });
    }

    [Test]
    public void EmbeddingsAreCorrectedAndFused([Values] bool dora)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder("llama-tied"));
        using Adapter adapter = Adapter.Create(model, new()
        {
            Method = dora ? FineTuningMethod.Dora : FineTuningMethod.Lora, Layers = 1,
            Lora = new() { Rank = 3, Scale = 2, Keys = ["model.embed_tokens"] },
        });
        using MlxArray tokens = MlxArray.Create<int>([1, 5, 7, 2], 1, 4);
        using MlxArray plain = model.Decoder.Forward(tokens);
        model.Adapter = adapter;
        using MlxArray untrained = model.Decoder.Forward(tokens);
        var layer = (Embedding)model.Decoder.Model.EmbedTokens;
        if (layer is DoraEmbedding doraLayer)
        {
            doraLayer.LoraB = Mx.Random.Normal([3, doraLayer.LoraB.Shape[1]], key: Mx.Random.Key(1));
        }
        else
        {
            ((LoraEmbedding)layer).LoraB = Mx.Random.Normal([3, ((LoraEmbedding)layer).LoraB.Shape[1]], key: Mx.Random.Key(1));
        }
        using MlxArray adapted = model.Decoder.Forward(tokens);
        adapter.Fuse();
        using MlxArray fused = model.Decoder.Forward(tokens);
        Assert.Multiple(() =>
        {
            Assert.That(Expected.Difference(untrained, plain), Is.LessThan(1e-5));
            Assert.That(Expected.Difference(adapted, plain), Is.GreaterThan(1e-2));
            Assert.That(Expected.Difference(fused, adapted), Is.LessThan(1e-4));
            Assert.That(model.Decoder.Model.EmbedTokens, Is.TypeOf<Embedding>());
        });
    }

    [TestCaseSource(typeof(TestModels), nameof(TestModels.Names))]
    public void ASavedModelIsTheModel(string name)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        model.Save(_folder);
        using LanguageModel saved = LanguageModel.Load(_folder);
        Dictionary<string, MlxArray> before = model.Model.Parameters().Flatten().ToDictionary(item => item.Key, item => item.Value);
        IReadOnlyList<KeyValuePair<string, MlxArray>> after = saved.Model.Parameters().Flatten();
        Assert.Multiple(() =>
        {
            Assert.That(after.Select(item => item.Key), Is.EqualTo(before.Keys));
            Assert.That(after.Select(item => item.Key)
                .Where(key => !Mx.ArrayEqual(before[key], after.First(item => item.Key == key).Value).Item<bool>()), Is.Empty);
            Assert.That(saved.Tokenizer, Is.Not.Null);
        });
    }

    [TestCase("llama-affine-4bit-g32", false)]
    [TestCase("qwen3-moe-affine-4bit-g32", true)]
    [RequiresMlx]
    public void AFusedQuantizedModelIsSavedAsWhatItIs(string name, bool dequantize)
    {
        using LanguageModel model = LanguageModel.Load(TestModels.Folder(name));
        model.Adapter = Adapter.Create(model, new() { Layers = 1 });
        Assert.That(() => model.Save(_folder), Throws.InvalidOperationException);
        model.Adapter.Fuse(dequantize);
        using MlxArray tokens = MlxArray.Create<int>([1, 5, 7, 2], 1, 4);
        using MlxArray fused = model.Decoder.Forward(tokens);
        model.Save(_folder);
        using LanguageModel saved = LanguageModel.Load(_folder);
        using MlxArray again = saved.Decoder.Forward(tokens);
        Assert.Multiple(() =>
        {
            Assert.That(saved.Decoder.Model.Layers[^1].SelfAttention.OProj is QuantizedLinear, Is.EqualTo(!dequantize));
            Assert.That(saved.Decoder.Model.Layers[0].SelfAttention.OProj, Is.TypeOf<QuantizedLinear>());
            Assert.That(again.ToArray<float>(), Is.EqualTo(fused.ToArray<float>()));
        });
    }
}
