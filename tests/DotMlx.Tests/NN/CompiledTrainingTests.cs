using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.NN;

/// <summary>A complete compiled training step whose state contains batch normalization, dropout, and an optimizer.</summary>
public class CompiledTrainingTests
{
    [Test]
    public void ACompiledStepTrainsAsThePlainOneDoes()
    {
        (Sequential plainModel, SGD plainOptimizer, Func<MlxArray, MlxArray, MlxArray> plain) = Make(compile: false);
        (Sequential model, SGD optimizer, Func<MlxArray, MlxArray, MlxArray> compiled) = Make(compile: true);
        model.Update(plainModel.Parameters());
        using MlxArray x = Mx.Random.Normal([8, 4]);
        using MlxArray y = Mx.Random.Normal([8, 1]);
        using MlxArray shortX = Mx.Random.Normal([5, 4]);
        using MlxArray shortY = Mx.Random.Normal([5, 1]);
        for (int i = 0; i < 6; i++)
        {
            // The shapes change and recur, so that graphs are traced and reused. Each step has its own scope.
            using MlxScope scope = MlxScope.Begin();
            float expected = (i % 3 == 2 ? plain(shortX, shortY) : plain(x, y)).Item<float>();
            float actual = (i % 3 == 2 ? compiled(shortX, shortY) : compiled(x, y)).Item<float>();
            Assert.That(actual, Is.EqualTo(expected).Within(1e-5), $"step {i}");
            scope.Keep([.. plainOptimizer.State.Leaves, .. optimizer.State.Leaves]);
        }
        foreach ((string path, MlxArray expected) in plainModel.Parameters().Flatten())
        {
            Assert.That(model.Parameters().Find(path).Array.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()).Within(1e-5), path);
        }
    }

    private static (Sequential Model, SGD Optimizer, Func<MlxArray, MlxArray, MlxArray> Step) Make(bool compile)
    {
        Sequential model = new(new Linear(4, 8), new BatchNorm(8), new GELU(), new Linear(8, 1));
        // The learning rate equals the momentum of the normalization, because state and constant must not become one array.
        SGD optimizer = new(0.1f, momentum: 0.9f);
        optimizer.Init(model.TrainableParameters());
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> loss =
            model.ValueAndGrad((MlxArray a, MlxArray b) => Losses.MseLoss(model.Forward(a), b));
        MlxArray Step(MlxArray a, MlxArray b)
        {
            (MlxArray value, TreeDictionary gradients) = loss(a, b);
            model.Update(optimizer.ApplyGradients(gradients, model.TrainableParameters()));
            return value;
        }
        IMlxState[] state = [model, optimizer, Mx.Random.State];
        return (model, optimizer, compile ? Mx.Compile((MlxArray a, MlxArray b) => Step(a, b), state, state) : Step);
    }
}
