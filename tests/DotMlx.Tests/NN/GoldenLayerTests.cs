using System.Text.Json;
using DotMlx.NN;

namespace DotMlx.Tests.NN;

/// <summary>Compares every layer with figures of Python's MLX.</summary>
public class GoldenLayerTests
{
    private static IEnumerable<TestCaseData> Cases() => Golden.Load("layers.json").GetProperty("cases").EnumerateArray()
        .Select((c, i) => new TestCaseData(c)
            .SetArgDisplayNames($"{i} {c.GetProperty("layer").GetString()} {c.GetProperty("kwargs").GetRawText()}"));

    [TestCaseSource(nameof(Cases))]
    public void ALayerComputesWhatPythonComputes(JsonElement figure)
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

        AssertLeavesNothing(layer, inputs, figure.GetProperty("call"));
    }

    // The library disposes the temporary arrays of a call. Running statistics that a call replaces are left to the code that has read them.
    private static void AssertLeavesNothing(Module layer, MlxArray[] inputs, JsonElement call)
    {
        MlxArray[] before = [.. layer.Parameters().Leaves];
        using HandleCount handles = HandleCount.NoneLeft();
        List<MlxArray> made = [];
        made.AddRange(LayerFactory.Call(layer, inputs, new(call, made)));
        IEnumerable<MlxArray> replaced = before.Except(layer.Parameters().Leaves);
        foreach (MlxArray array in made.Except(inputs).Concat(replaced))
        {
            array.Dispose();
        }
    }
}
