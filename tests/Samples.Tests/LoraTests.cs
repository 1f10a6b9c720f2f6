using DotMlx.Bindings;
using DotMlx.LanguageModels;

namespace DotMlx.Samples.Tests;

/// <summary>Fine-tuning the character model with adapters.</summary>
internal sealed class LoraTests
{
    [Test]
    public void OnlyTheAdaptersLearnAndTheFusedModelWrites()
    {
        if (MlxLibrary.Kind == MlxLibraryKind.Reference)
        {
            Assert.Ignore("Needs MLX: quantization.");
        }

        using Shell shell = new();
        shell.CharLm("base", "--steps=60", "--length=0").Succeeded();
        string other = shell.At("other.txt");
        File.WriteAllText(other, string.Concat(Enumerable.Repeat("array one, array two, part of arrays; ", 60)));
        Shell.Result result = shell.Lora(
            "--base", shell.At("base"), "--data", other, "--output", shell.At("lora"), "--steps=50", "--rank=4", "--learning-rate=0.01",
            "--prompt=array", "--length=30").Succeeded();

        double before = result.Numbers("held-out loss")[0], after = result.Numbers("held-out loss")[^1],
            fused = result.Numbers("fused")[^1];
        Assert.That(after, Is.LessThan(before - 0.1), result.Output);
        Assert.That(fused, Is.EqualTo(after).Within(0.05), result.Output);

        using SafetensorsFile adapters = Mx.LoadSafetensors(Path.Combine(shell.At("lora"), "adapters.safetensors"));
        Assert.That(adapters.Keys, Has.All.Contains(".lora_"));
        Assert.That(adapters.Keys,
            Does.Contain("model.layers.0.self_attn.q_proj.lora_a").And.Contain("model.layers.0.mlp.down_proj.lora_b"));
        Assert.That(result.Output, Does.Contain("\narray"));
        using LanguageModel model = LanguageModel.Load(Path.Combine(shell.At("lora"), "fused"));
        Assert.That(model.Generate("array", new() { MaxTokens = 5 }).Count(), Is.EqualTo(5));

        Shell.Result longer = shell.Lora(
            "--base", shell.At("base"), "--data", other, "--output", shell.At("lora"), "--steps=60", "--rank=4", "--resume", "--length=0")
            .Succeeded();
        Assert.That(longer.Output, Does.Contain("continuing after step 50").And.Contain("step 60/60"));
    }

    [Test]
    public void AMistakeIsToldInOneLine()
    {
        using Shell shell = new();
        bool reference = MlxLibrary.Kind == MlxLibraryKind.Reference;
        shell.Lora("--base", shell.At("nothing")).Refused("lora", reference ? "needs MLX" : "no checkpoint");
        shell.Lora("--rank=0").Refused("lora", reference ? "needs MLX" : "--rank");
        shell.Lora("--colour=red").Refused("lora", "--help");
    }
}
