using System.Text.Json.Nodes;
using DotMlx.LanguageModels;
using DotMlx.LanguageModels.Architectures;
using DotMlx.NN;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Models;

internal sealed class QuantizeTests
{
    [TestCase("affine", 4, 32)]
    [TestCase("affine", 8, 64)]
    [TestCase("affine", 3, 32)]
    [TestCase("mxfp4", 4, 32)]
    [TestCase("mxfp8", 8, 32)]
    [TestCase("nvfp4", 4, 16)]
    [RequiresMlx("quantization")]
    public void AQuantizedModelIsInMlxLmsLayoutAndLoads(string mode, int bits, int group)
    {
        using TemporaryFolder folder = new();
        string output = folder["packed"];
        string[] sizes = mode == "affine" ? ["--bits", $"{bits}", "--group-size", $"{group}"] : [];
        Result result = CommandLine.Run(["quantize", "--model", Model.Qwen3, "--output", output, "--mode", mode, .. sizes]).Succeeded();
        Assert.That(result.Output, Does.Contain("bits per weight"));

        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(output, "config.json")))!;
        Assert.That(JsonNode.DeepEquals(config["quantization"], config["quantization_config"]));
        Assert.That((int)config["quantization"]!["bits"]!, Is.EqualTo(bits));
        Assert.That((int)config["quantization"]!["group_size"]!, Is.EqualTo(group));
        Assert.That((string?)config["quantization"]!["mode"], Is.EqualTo(mode));
        Assert.That(File.Exists(Path.Combine(output, "tokenizer.json")) && File.Exists(Path.Combine(output, "chat_template.jinja")));

        using SafetensorsFile weights = Mx.LoadSafetensors(Path.Combine(output, "model.safetensors"));
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(output, "model.safetensors.index.json")))!;
        Assert.That(index["weight_map"]!.AsObject().Select(item => item.Key), Is.EquivalentTo(weights.Keys));
        Assert.That((long)index["metadata"]!["total_size"]!, Is.EqualTo(weights.Values.Sum(array => array.NBytes)));
        using LanguageModel original = LanguageModel.Load(Model.Qwen3), packed = LanguageModel.Load(output);
        Assert.That((long)index["metadata"]!["total_parameters"]!, Is.EqualTo(original.Model.ParameterCount()));
        Assert.That(packed.Decoder.Model.Layers[0].SelfAttention.QProj, Is.InstanceOf<QuantizedLinear>());
        using MlxArray tokens = MlxArray.Create<int>([5, 6, 7, 8], 1, 4);
        Assert.That(Distance(original.Decoder.Forward(tokens), packed.Decoder.Forward(tokens)), Is.LessThan(bits == 8 ? 0.3 : 1));
    }

    [Test]
    [RequiresMlx("quantization")]
    public void AMixedRecipeGivesSensitiveLayersMoreBits()
    {
        using TemporaryFolder folder = new();
        string output = folder["packed"];
        CommandLine.Run("quantize", "--model", Model.Qwen3, "--output", output, "--recipe", "mixed_3_6", "--group-size", "32").Succeeded();
        using LanguageModel model = LanguageModel.Load(output);
        DecoderLayer last = model.Decoder.Model.Layers[^1];
        Assert.That(((QuantizedLinear)last.SelfAttention.VProj!).Bits, Is.EqualTo(6), "the last layer is sensitive");
        Assert.That(((QuantizedLinear)last.SelfAttention.QProj!).Bits, Is.EqualTo(3), "but not its queries");
        Assert.That(model.Decoder.LmHead is null or QuantizedLinear { Bits: 6 });
    }

    [Test]
    [RequiresMlx("quantization")]
    public void RoutersKeepMoreBitsAndExpertsArePacked()
    {
        using TemporaryFolder folder = new();
        string output = folder["packed"];
        CommandLine.Run("quantize", "--model", Model.Experts, "--output", output, "--bits", "4", "--group-size", "32").Succeeded();
        using LanguageModel model = LanguageModel.Load(output);
        MixtureOfExperts experts = model.Decoder.Model.Layers.Select(layer => layer.FeedForward).OfType<MixtureOfExperts>().First();
        Assert.That(((QuantizedLinear)experts.Router).Bits, Is.EqualTo(8));
        Assert.That(experts.Experts.GateProj, Is.InstanceOf<QuantizedSwitchLinear>());
    }

    [Test]
    [RequiresMlx("quantization")]
    public void AQuantizedModelIsRejectedAndNoFilesAreLeft()
    {
        using TemporaryFolder folder = new();
        CommandLine.Run("quantize", "--model", Model.Qwen3, "--output", folder["packed"]).Succeeded();
        CommandLine.Run("quantize", "--model", folder["packed"], "--output", folder["again"]).AssertRefused("quantized");
        Assert.That(Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName), Is.EqualTo(new[] { "packed" }));
    }

    [Test]
    public void ASavedModelIsTheSameModelAlsoInSeveralFiles()
    {
        using TemporaryFolder folder = new();
        using LanguageModel original = LanguageModel.Load(Model.Experts);
        original.Save(folder["copy"], shardBytes: 100_000);
        Assert.That(Directory.GetFiles(folder["copy"], "model-*-of-*.safetensors"), Has.Length.GreaterThan(1));
        using LanguageModel copy = LanguageModel.Load(folder["copy"]);
        using MlxArray tokens = MlxArray.Create<int>([5, 6, 7, 8], 1, 4);
        Assert.That(Distance(original.Decoder.Forward(tokens), copy.Decoder.Forward(tokens)), Is.Zero);
        Assert.That(() => original.Save(folder["copy"]), Throws.InstanceOf<IOException>().With.Message.Contains("already exists"));
    }

    /// <summary>The largest difference, relative to the largest magnitude.</summary>
    private static double Distance(MlxArray expected, MlxArray actual)
    {
        float[] e = expected.ToArray<float>(), a = actual.ToArray<float>();
        return e.Zip(a, (x, y) => Math.Abs((double)x - y)).Max() / e.Max(Math.Abs);
    }
}
