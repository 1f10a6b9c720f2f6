using System.Diagnostics;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Compare;

/// <summary>Trains the perceptron of <c>work.c</c> (784-512-512-10, cross entropy, Adam) as a program with DotMlx would.</summary>
internal sealed class ManagedTraining : IDisposable
{
    private static readonly int[] Sizes = [784, 512, 512, 10];

    private readonly Sequential _model;
    private readonly Adam _optimizer = new(1e-3);
    private readonly MlxArray _x;
    private readonly MlxArray _y;
    private readonly Func<MlxArray, MlxArray, MlxArray> _step;

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

        _model = new Sequential(layers) { OwnsArrays = ownsArrays };
        _x = Mx.Full([batch, Sizes[0]], 0.01f);
        _y = Mx.Zeros([batch], DType.Int32);
        Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> lossAndGradients =
            _model.ValueAndGrad((images, labels) => Losses.CrossEntropy(_model.Forward(images), labels, reduction: Reduction.Mean));
        _optimizer.Init(_model.TrainableParameters());
        Mx.Eval(_model.Parameters(), _optimizer.State, _x, _y);
        _step = compiled ? Mx.Compile(Step, [_model, _optimizer], [_model, _optimizer]) : Step;

        MlxArray Step(MlxArray images, MlxArray labels)
        {
            (MlxArray loss, TreeDictionary gradients) = lossAndGradients(images, labels);
            _model.Update(_optimizer.ApplyGradients(gradients, _model.TrainableParameters()));
            return loss;
        }
    }

    /// <summary>Returns the nanoseconds of some steps, after two warm-up steps, and the loss of the last one.</summary>
    internal static (double Time, float Loss) Steps(int steps, bool compiled, bool ownsArrays, int batch)
    {
        using var training = new ManagedTraining(batch, compiled, ownsArrays);
        training.WithScopes(2);
        long start = Stopwatch.GetTimestamp();
        float loss = training.WithScopes(steps);
        return (Stopwatch.GetElapsedTime(start).TotalNanoseconds, loss);
    }

    /// <summary>
    /// Returns MLX's peak memory, in bytes, of a training loop that either uses scopes or leaves all arrays to the garbage collector.
    /// </summary>
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
        _model.Parameters().DisposeArrays();
        _optimizer.State.DisposeArrays();
        _x.Dispose();
        _y.Dispose();
    }

    private float WithScopes(int steps)
    {
        float last = float.NaN;
        for (int i = 0; i < steps; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            MlxArray loss = _step(_x, _y);
            Mx.Eval(loss, _model.Parameters(), _optimizer.State);
            last = loss.Item<float>();
        }

        return last;
    }

    private void WithoutUsing(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Mx.Eval(_step(_x, _y), _model.Parameters(), _optimizer.State);
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
