using System.Text.Json.Nodes;

namespace DotMlx.LanguageModels.Tests.Tokenizers;

/// <summary>The settings of <c>tokenizer_config.json</c> that override the post-processor of <c>tokenizer.json</c>.</summary>
internal sealed class BeginningTokenTests
{
    [TestCase("LlamaTokenizer", true, false, "bos")]
    [TestCase("LlamaTokenizerFast", false, false, "")]
    [TestCase("GemmaTokenizerFast", true, true, "bos eos")]
    [TestCase("CodeLlamaTokenizer", null, true, "bos eos")]
    [TestCase("LlamaTokenizer", null, null, "bos")]
    [TestCase("PreTrainedTokenizerFast", false, true, "bos")]
    public void SomeClassesMakeTheirPostProcessorOfSettings(string type, bool? addsBos, bool? addsEos, string added)
    {
        using ModelCopy copy = new("mistral");
        JsonObject config = JsonNode.Parse(File.ReadAllText(copy["tokenizer_config.json"]))!.AsObject();
        config["tokenizer_class"] = type;
        foreach ((string name, bool? value) in new[] { ("add_bos_token", addsBos), ("add_eos_token", addsEos) })
        {
            if (value is { } flag)
            {
                config[name] = flag;
            }
        }
        File.WriteAllText(copy["tokenizer_config.json"], config.ToJsonString());
        Tokenizer tokenizer = Tokenizer.Load(copy.Folder);
        int[] ids = tokenizer.Encode("Hello", addSpecialTokens: false);
        int[] before = added.Contains("bos", StringComparison.Ordinal) ? [tokenizer.BosId!.Value] : [];
        int[] after = added.Contains("eos", StringComparison.Ordinal) ? [tokenizer.EosId!.Value] : [];
        Assert.That(tokenizer.Encode("Hello"), Is.EqualTo(before.Concat(ids).Concat(after)));
    }
}
