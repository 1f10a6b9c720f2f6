using DotMlx.SourceGeneration;

namespace DotMlx.Tests.SourceGeneration;

public class PythonNameTests
{
    [TestCase("QueryProj", "query_proj")]
    [TestCase("W1", "w1")]
    [TestCase("SelfAttn", "self_attn")]
    [TestCase("InputLayernorm", "input_layernorm")]
    [TestCase("QKVProj", "qkv_proj")]
    [TestCase("MLP", "mlp")]
    [TestCase("Linear1", "linear1")]
    [TestCase("Layer1Norm", "layer1_norm")]
    [TestCase("Conv2D", "conv2d")]
    [TestCase("Conv2dIn", "conv2d_in")]
    [TestCase("lora_a", "lora_a")]
    [TestCase("_dropOut", "_drop_out")]
    [TestCase("Weight", "weight")]
    public void NamesAreThoseOfPython(string csharp, string python) => Assert.That(PythonName.From(csharp), Is.EqualTo(python));
}
