using DotMlx;
using DotMlx.AotTests;
using DotMlx.NN;

// Trains, saves, loads, and inspects a model in a natively compiled program, and prints "OK" and the number of parameters.
Model model = new();
string[] expected =
[
    "tokens.weight",
    "layers.0.norm.weight", "layers.0.norm.bias", "layers.0.mlp.gate_proj.weight", "layers.0.mlp.gate_proj.bias",
    "layers.0.mlp.down_proj.layers.1.weight", "layers.0.mlp.down_proj.layers.1.bias",
    "layers.1.norm.weight", "layers.1.norm.bias", "layers.1.mlp.gate_proj.weight", "layers.1.mlp.gate_proj.bias",
    "layers.1.mlp.down_proj.layers.1.weight", "layers.1.mlp.down_proj.layers.1.bias",
    "gains.out", "head.inner.weight", "head.inner.bias", "steps",
];
string[] names = [.. model.Parameters().Flatten().Select(p => p.Key)];
Check(names.SequenceEqual(expected), "parameter names: " + string.Join(", ", names));

MlxArray tokens = MlxArray.Create([1, 2, 3, 4], 1, 4);
MlxArray targets = MlxArray.Create([2, 3, 4, 5], 1, 4);
var step = model.ValueAndGrad((MlxArray x, MlxArray y) => Losses.CrossEntropy(model.Forward(x), y, reduction: Reduction.Mean));
float first = 0, last = 0;
for (int i = 0; i < 20; i++)
{
    (MlxArray loss, TreeDictionary gradients) = step(tokens, targets);
    model.Update(Tree.Map((p, g) => p - (g * 0.1f), model.TrainableParameters(), gradients));
    last = loss.Item<float>();
    first = i == 0 ? last : first;
}
Check(last < first, $"the loss went from {first} to {last}");

string path = Path.Combine(Path.GetTempPath(), $"dotmlx-aot-{Environment.ProcessId}.safetensors");
model.SaveWeights(path);
Model loaded = new();
loaded.LoadWeights(path);
File.Delete(path);
Check(loaded.Eval().Modules().Count == model.Modules().Count, "modules");
model.Eval();
Check(loaded.Forward(tokens).ToArray<float>().SequenceEqual(model.Forward(tokens).ToArray<float>()), "outputs after loading");

loaded.Head.Freeze();
loaded.UpdateModules([new("head.inner", new Linear(8, 12, bias: false))]);
Check(loaded.Head.Inner.Bias is null, "a module replaced through a read-only property");
Check(loaded.Summary().Contains("layers.0.mlp.gate_proj", StringComparison.Ordinal), "summary");
Console.WriteLine($"OK {model.ParameterCount()} parameters on {MlxLibrary.Kind}");
return 0;

static void Check(bool condition, string what)
{
    if (!condition)
    {
        Console.Error.WriteLine("FAILED: " + what);
        Environment.Exit(1);
    }
}
