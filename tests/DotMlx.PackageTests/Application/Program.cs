// A new project that uses the packages: its own module, an optimizer, and a checkpoint.
using DotMlx;
using DotMlx.NN;
using DotMlx.Optimizers;

Console.WriteLine($"library {MlxLibrary.Path}");
Console.WriteLine($"kind {MlxLibrary.Kind}");
Console.WriteLine($"device {Mx.DefaultDevice().Type}");
Console.WriteLine($"versions {MlxLibrary.MlxVersion} {MlxLibrary.MlxcVersion}");
Console.WriteLine($"package {MlxLibrary.Package?.Mlx} {MlxLibrary.Package?.Mlxc}");
Mx.Random.Seed(0);
MlxArray x = Mx.Random.Normal([64, 3]);
MlxArray y = Mx.MatMul(x, MlxArray.Create([2f, -3f, 1f], 3, 1)) + 0.5f;

var model = new Fit();
var optimizer = new AdamW(0.05f, weightDecay: 0f);
var lossAndGradients = model.ValueAndGrad((MlxArray a, MlxArray b) => Losses.MseLoss(model.Forward(a), b));
float last = float.NaN;
for (int step = 0; step < 300; step++)
{
    (MlxArray loss, TreeDictionary gradients) = lossAndGradients(x, y);
    optimizer.Update(model, gradients);
    Mx.Eval(new TreeList { model.Parameters(), optimizer.State });
    last = loss.Item<float>();
}

Console.WriteLine($"parameters {string.Join(' ', model.Parameters().Flatten().Select(leaf => leaf.Key))}");
Console.WriteLine($"loss {last.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
foreach (string file in LoadedFiles.All())
{
    Console.WriteLine($"loaded {file}");
}

return last < 1e-3f ? 0 : 1;

internal sealed partial class Fit : Module
{
    public Linear FirstLayer { get; } = new(3, 1);

    public MlxArray Forward(MlxArray input) => FirstLayer.Forward(input);
}
