using System.Diagnostics;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Compare;

/// <summary>The perceptron of <c>work.c</c>, 784-512-512-10 with cross entropy and Adam, as a user of DotMlx would train it.</summary>
internal sealed class ManagedTraining : IDisposable
{
    private static readonly int[] Sizes = [784, 512, 512, 10];

    private readonly Sequential model;
    private readonly Adam optimizer = new(1e-3);
    private readonly MlxArray x;
    private readonly MlxArray y;
    private readonly Func<MlxArray, MlxArray, MlxArray> step;

    internal ManagedTraining(int batch, bool compiled, bool ownsArrays = false)
    {
        List<IUnaryModule> layers = [];
        for (int i = 0; i + 1 < Sizes.Length; i++)
        {
            layers.Add(new Linear(Mx.Full([Sizes[i + 1], Sizes[i]], 0.01f), Mx.Zeros(Sizes[i + 1])));
            if (i + 2 < Sizes.Length)
            {
                layers.Add(new ReLU());
            }
        }

        model = new Sequential(layers) { OwnsArrays = ownsArrays };
        x = Mx.Full([batch, Sizes[0]], 0.01f);
        y = Mx.Zeros([batch], DType.Int32);
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients =
            model.ValueAndGrad((images, labels) => Losses.CrossEntropy(model.Forward(images), labels, reduction: Reduction.Mean));
        optimizer.Init(model.TrainableParameters());
        Mx.Eval(model.Parameters(), optimizer.State, x, y);
        step = compiled ? Mx.Compile(Step, [model, optimizer], [model, optimizer]) : Step;

        MlxArray Step(MlxArray images, MlxArray labels)
        {
            (MlxArray loss, TreeDictionary gradients) = lossAndGradients(images, labels);
            model.Update(optimizer.ApplyGradients(gradients, model.TrainableParameters()));
            return loss;
        }
    }

    /// <summary>Nanoseconds for some steps, after two to warm up, and the loss of the last one.</summary>
    internal static (double Time, float Loss) Steps(int steps, bool compiled, bool ownsArrays, int batch)
    {
        using var training = new ManagedTraining(batch, compiled, ownsArrays);
        training.WithScopes(2);
        long start = Stopwatch.GetTimestamp();
        float loss = training.WithScopes(steps);
        return (Stopwatch.GetElapsedTime(start).TotalNanoseconds, loss);
    }

    /// <summary>The most bytes MLX held during a loop that frees by scopes, or leaves everything to the collector.</summary>
    internal static long PeakMemory(int steps, bool scopes, int batch)
    {
        Settle();
        using var training = new ManagedTraining(batch, compiled: false);
        training.WithScopes(2);
        Settle();
        Mx.ResetPeakMemory();
        if (scopes)
        {
            training.WithScopes(steps);
        }
        else
        {
            training.WithoutUsing(steps);
        }

        return Mx.GetPeakMemory();
    }

    public void Dispose()
    {
        model.Parameters().DisposeArrays();
        optimizer.State.DisposeArrays();
        x.Dispose();
        y.Dispose();
    }

    private float WithScopes(int steps)
    {
        float last = float.NaN;
        for (int i = 0; i < steps; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray loss = step(x, y);
            Mx.Eval(loss, model.Parameters(), optimizer.State);
            last = loss.Item<float>();
        }

        return last;
    }

    private void WithoutUsing(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Mx.Eval(step(x, y), model.Parameters(), optimizer.State);
        }
    }

    private static void Settle()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
