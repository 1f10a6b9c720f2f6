using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Every layer against the figures of Python's MLX.</summary>
public class GoldenLayerTests
{
    private static IEnumerable<TestCaseData> Cases() => Golden.Load("layers.json").GetProperty("cases").EnumerateArray()
        .Select((c, i) => new TestCaseData(c).SetArgDisplayNames($"{i} {c.GetProperty("layer").GetString()} {c.GetProperty("kwargs").GetRawText()}"));

    [TestCaseSource(nameof(Cases))]
    public void A_layer_computes_what_Python_computes(JsonElement figure)
    {
        Module layer = LayerFactory.Make(figure.GetProperty("layer").GetString()!, figure.GetProperty("kwargs"));
        layer.Train(figure.GetProperty("training").GetBoolean());
        JsonProperty[] parameters = [.. figure.GetProperty("parameters").EnumerateObject()];
        Assert.That(layer.Parameters().Flatten().Select(p => p.Key), Is.EquivalentTo(parameters.Select(p => p.Name)));
        layer.Update(Tree.Unflatten(parameters.Select(p => new KeyValuePair<string, MlxArray>(p.Name, Golden.Array(p.Value)))));

        MlxArray[] inputs = [.. figure.GetProperty("inputs").EnumerateArray().Select(Golden.Array)];
        MlxArray[] outputs = LayerFactory.Call(layer, inputs, new(figure.GetProperty("call")));
        JsonElement[] expected = [.. figure.GetProperty("out").EnumerateArray()];
        Assert.That(outputs, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < outputs.Length; i++)
        {
            Golden.AssertClose(outputs[i], expected[i], what: $"output {i}");
        }
        if (figure.TryGetProperty("parameters_after", out JsonElement after))
        {
            foreach (JsonProperty parameter in after.EnumerateObject())
            {
                Golden.AssertClose(layer.Parameters().Find(parameter.Name).Array, parameter.Value, what: parameter.Name);
            }
        }
    }
}
