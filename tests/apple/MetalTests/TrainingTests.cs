using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.MetalTests;

/// <summary>A training step on the GPU gives the results of the CPU, and training reduces the loss.</summary>
internal sealed class TrainingTests
{
    [Test]
    [Category("Quick")]
    public void AStepOnTheGpuIsThatOfTheCpu()
    {
        float[] cpu = Train(DeviceType.Cpu, 1), gpu = Train(DeviceType.Gpu, 1);
        Assert.That(gpu, Is.EqualTo(cpu).Within(1e-4f));
    }

    [Test]
    public void TrainingOnTheGpuLearns() => Assert.That(Train(DeviceType.Gpu, 200)[0], Is.LessThan(0.01f));

    /// <summary>Returns the last loss, and then the parameters.</summary>
    private static float[] Train(MlxDevice device, int steps)
    {
        using IDisposable scope = Mx.StreamScope(device);
        Mx.Random.Seed(11);
        MlxArray x = Mx.Random.Normal([64, 4]);
        MlxArray y = Mx.Sum(x, axis: 1, keepdims: true);
        var model = new Sequential(new Linear(4, 16), new ReLU(), new Linear(16, 1));
        var optimizer = new AdamW(0.02f);
        var lossAndGradients = model.ValueAndGrad((MlxArray a, MlxArray b) => Losses.MseLoss(model.Forward(a), b));
        float last = float.NaN;
        for (int step = 0; step < steps; step++)
        {
            (MlxArray loss, TreeDictionary gradients) = lossAndGradients(x, y);
            optimizer.Update(model, gradients);
            Mx.Eval(new TreeList { model.Parameters(), optimizer.State });
            last = loss.Item<float>();
        }

        return [last, .. model.Parameters().Flatten().SelectMany(leaf => leaf.Value.ToArray<float>())];
    }
}
