using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Soak;

/// <summary>The work of the threads of a round. It must not leave any resources behind.</summary>
internal sealed class Workload(string folder)
{
    private const int Features = 32;
    private const int Batch = 16;

    private readonly Action<int>[] _parts =
    [
        TrainWithScopes, TrainWithoutUsing, TrainCompiled, Infer, ThrowInLoss, ThrowInMlx,
        seed => SaveAndLoad(Path.Combine(folder, $"soak-{seed}.safetensors")),
        seed => AwaitBetweenCalls(seed).GetAwaiter().GetResult(),
    ];

    /// <summary>Does each kind of work once. Each thread starts with a different kind, so that different kinds overlap.</summary>
    internal void Run(int seed)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[(seed + i) % _parts.Length](seed);
            if (i == seed % _parts.Length)
            {
                GC.Collect(seed % 3, GCCollectionMode.Forced, blocking: true);
            }
        }
    }

    private static void TrainWithScopes(int seed)
    {
        var trainer = new Trainer(seed);
        for (int i = 0; i < 20; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            trainer.Step();
        }
    }

    private static void TrainWithoutUsing(int seed)
    {
        var trainer = new Trainer(seed);
        for (int i = 0; i < 20; i++)
        {
            trainer.Step();
        }
    }

    private static void TrainCompiled(int seed)
    {
        var trainer = new Trainer(seed);
        Func<MlxArray> step = Mx.Compile(trainer.Build, [trainer.Model, trainer.Optimizer], [trainer.Model, trainer.Optimizer]);
        for (int i = 0; i < 10; i++)
        {
            trainer.Evaluate(step());
        }
    }

    private static void Infer(int seed)
    {
        using MlxScope scope = MlxScope.Begin();
        Sequential model = NewModel();
        MlxArray x = Mx.Full([Batch, Features], seed);
        for (int i = 0; i < 20; i++)
        {
            _ = Mx.Softmax(model.Forward(x), -1).ToArray<float>();
        }
    }

    private static void ThrowInLoss(int seed)
    {
        Func<MlxArray, MlxArray> gradient = Mx.Grad(x => seed % 2 == 0 && x.NDim == 1
            ? throw new TestFailureException()
            : (x * x).Sum() + (x.NDim == 1 ? throw new TestFailureException() : 0));
        for (int i = 0; i < 10; i++)
        {
            Expect<TestFailureException>(() => gradient(Mx.Ones(Features)));
        }
    }

    private static void ThrowInMlx(int seed)
    {
        for (int i = 0; i < 10; i++)
        {
            Expect<MlxException>(() => Mx.MatMul(Mx.Ones(2, 3), Mx.Ones(4, 5 + (seed % 3))));
        }
    }

    private static void SaveAndLoad(string path)
    {
        Sequential model = NewModel();
        Mx.SaveSafetensors(path, model.Parameters().Flatten());
        foreach ((_, MlxArray array) in Mx.LoadSafetensors(path))
        {
            array.Eval();
        }

        File.Delete(path);
    }

    private static async Task AwaitBetweenCalls(int seed)
    {
        MlxArray x = Mx.Full([Features], seed);
        for (int i = 0; i < 10; i++)
        {
            x = Mx.Tanh(x + i);
            await x.EvalAsync().ConfigureAwait(false);
            await Task.Yield();
        }

        _ = x.ToArray<float>();
    }

    private static void Expect<TException>(Action action)
        where TException : Exception
    {
        try
        {
            action();
        }
        catch (TException)
        {
            return;
        }

        throw new InvalidOperationException($"There should have been a {typeof(TException).Name}.");
    }

    private static Sequential NewModel() => new(new Linear(Features, 64), new ReLU(), new Linear(64, 4));

    private sealed class TestFailureException : Exception;

    /// <summary>A small model in training that lives as long as the program.</summary>
    internal sealed class Trainer
    {
        private readonly MlxArray _x;
        private readonly MlxArray _y;
        private readonly Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> _lossAndGradients;

        internal Trainer(int seed)
        {
            _x = Mx.Full([Batch, Features], 0.1f * seed);
            _y = Mx.Zeros([Batch], DType.Int32);
            _lossAndGradients = Model.ValueAndGrad(
                (images, labels) => Losses.CrossEntropy(Model.Forward(images), labels, reduction: Reduction.Mean));
            Optimizer.Init(Model.TrainableParameters());
            Mx.Eval(Model.Parameters(), Optimizer.State);
        }

        internal Sequential Model { get; } = NewModel();

        internal Adam Optimizer { get; } = new(1e-3f);

        internal MlxArray Build()
        {
            (MlxArray loss, TreeDictionary gradients) = _lossAndGradients(_x, _y);
            Model.Update(Optimizer.ApplyGradients(gradients, Model.TrainableParameters()));
            return loss;
        }

        internal void Evaluate(MlxArray loss) => Mx.Eval(loss, Model.Parameters(), Optimizer.State);

        internal void Step() => Evaluate(Build());
    }
}
