using System.Text.Json;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Compares with every figure of Python's optimizers: parameters and the complete state after each step.</summary>
[TestFixture]
internal sealed class GoldenOptimizerTests
{
    private static IEnumerable<TestCaseData> Cases()
    {
        int index = 0;
        foreach (JsonElement element in Golden.Load("optimizers.json").GetProperty("cases").EnumerateArray())
        {
            string name = element.GetProperty("optimizer").GetString()!;
            yield return new TestCaseData(element)
                .SetArgDisplayNames($"{index++} {name} {element.GetProperty("args").GetRawText().Replace('.', ',')}");
        }
    }

    private static IEnumerable<TestCaseData> ScheduleCases() =>
        Golden.Load("schedules.json").GetProperty("cases").EnumerateArray()
            .Select((element, i) => new TestCaseData(element).SetArgDisplayNames($"{i} {element.GetProperty("schedule").GetString()}"));

    private static IEnumerable<TestCaseData> ClipCases() =>
        Golden.Load("multi_optimizer.json").GetProperty("clip_grad_norm").EnumerateArray()
            .Select((element, i) => new TestCaseData(element).SetArgDisplayNames($"{i}"));

    [TestCaseSource(nameof(Cases))]
    public void OptimizerFollowsPython(JsonElement element)
    {
        OptimizerBase optimizer = GoldenOptimizers.Make(element.GetProperty("optimizer").GetString()!, element.GetProperty("args"));
        Run(optimizer, element);
    }

    [Test]
    public void MultiOptimizerFollowsPython()
    {
        JsonElement multi = Golden.Load("multi_optimizer.json").GetProperty("multi");
        Optimizer[] members =
        [
            .. multi.GetProperty("optimizers").EnumerateArray().Select(member => GoldenOptimizers.Make(member[0].GetString()!, member[1])),
        ];
        MultiOptimizer optimizer = new(members, [(path, leaf) => leaf.NDim >= 2 && !path.Contains("embedding", StringComparison.Ordinal)]);
        Run(optimizer, multi);
    }

    [TestCaseSource(nameof(ScheduleCases))]
    public void ScheduleFollowsPython(JsonElement element)
    {
        Schedule schedule = GoldenOptimizers.MakeSchedule(element);
        JsonElement values = element.GetProperty("values");
        int i = 0;
        foreach (JsonElement step in element.GetProperty("steps").EnumerateArray())
        {
            double expected = values[i++].GetDouble();
            using MlxArray argument = MlxArray.Scalar(step.GetUInt64());
            using MlxArray fromArray = schedule(argument);
            Assert.That(fromArray.Item<float>(), Is.EqualTo(expected).Within(Math.Max(1e-5 * Math.Abs(expected), 1e-30)), $"step {step}");
            using MlxArray fromNumber = schedule(step.GetInt32());
            Assert.That(fromNumber.Item<float>(), Is.EqualTo(expected)
                .Within(Math.Max(1e-5 * Math.Abs(expected), 1e-30)), $"step {step} as a number");
        }
    }

    [TestCaseSource(nameof(ClipCases))]
    public void ClipNormFollowsPython(JsonElement element)
    {
        TreeDictionary gradients = (TreeDictionary)Golden.Tree(element.GetProperty("gradients"));
        (TreeDictionary clipped, MlxArray norm) = Gradients.ClipNorm(gradients, element.GetProperty("max_norm").GetDouble());
        Golden.AssertClose(norm, element.GetProperty("total_norm"));
        GoldenOptimizers.AssertTree(clipped, Golden.Tree(element.GetProperty("clipped")), "clipped");
    }

    private static void Run(OptimizerBase optimizer, JsonElement element)
    {
        TreeDictionary parameters = (TreeDictionary)Golden.Tree(element.GetProperty("parameters"));
        int step = 0;
        foreach (JsonElement expected in element.GetProperty("steps").EnumerateArray())
        {
            step++;
            TreeDictionary gradients = (TreeDictionary)Golden.Tree(expected.GetProperty("gradients"));
            if (optimizer is SGD { WeightDecay: not 0 } sgd)
            {
                // Python's SGD adds the decay to the caller's gradients in place, and the figures contain the changed gradients.
                // Subtracting the decay gives the original ones.
                gradients = (TreeDictionary)Tree.Map((g, w) => g - (sgd.WeightDecay * w), gradients, parameters);
            }

            parameters = optimizer.ApplyGradients(gradients, parameters);
            Mx.Eval(parameters, optimizer.State);
            GoldenOptimizers.AssertTree(parameters, Golden.Tree(expected.GetProperty("parameters")), $"parameters after step {step}");

            // The state has dotted keys.
            TreeDictionary state = new();
            foreach (JsonProperty entry in expected.GetProperty("state").EnumerateObject())
            {
                state.Add(entry.Name, Golden.Tree(entry.Value));
            }

            GoldenOptimizers.AssertTree(optimizer.State, state, $"state after step {step}");
        }
    }
}
