using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Threads;

/// <summary>
/// Sixteen threads train one model each. Every third one awaits between all calls, and every third one throws inside its loss.
/// </summary>
[NonParallelizable]
public class TrainingThreadsTests
{
    private const int Threads = 16;
    private const int Steps = 12;
    private const int Features = 6;
    private const int Examples = 8;

    [Test]
    public void ResultsEqualThoseOfOneThread() => Compare(TimeSpan.Zero);

    [Test]
    [Explicit("takes a minute")]
    public void ResultsEqualThoseOfOneThreadForAMinute() => Compare(TimeSpan.FromMinutes(1));

    private static void Compare(TimeSpan atLeast)
    {
        using var handles = HandleCount.NoneLeft();
        float[][] expected = [.. Enumerable.Range(0, Threads).Select(seed => Train(seed, throwing: false))];
        var clock = Stopwatch.StartNew();
        do
        {
            float[][] actual = OnThreads();
            for (int seed = 0; seed < Threads; seed++)
            {
                Assert.That(actual[seed], Is.EqualTo(expected[seed]), $"model {seed}");
            }
        }
        while (clock.Elapsed < atLeast);
        HandleCount.Settle();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float[][] OnThreads()
    {
        var results = new float[Threads][];
        var failures = new ConcurrentQueue<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(seed => new Thread(() =>
        {
            try
            {
                results[seed] = (seed % 3) switch
                {
                    0 => Train(seed, throwing: false),
                    1 => TrainAwaiting(seed).GetAwaiter().GetResult(),
                    _ => Train(seed, throwing: true),
                };
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(failures, Is.Empty);
        return results;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float[] Train(int seed, bool throwing)
    {
        var trainer = new Trainer(seed);
        for (int i = 0; i < Steps; i++)
        {
            if (throwing)
            {
                Assert.That(trainer.ThrowInLoss, Throws.InstanceOf<InLossException>());
            }

            trainer.Update();
            trainer.Loss.Eval();
            if (i % 5 == 0)
            {
                GC.Collect(0);
            }
        }

        return trainer.Weights();
    }

    private static async Task<float[]> TrainAwaiting(int seed)
    {
        await Task.Yield();
        var trainer = new Trainer(seed);
        for (int i = 0; i < Steps; i++)
        {
            await Task.Yield();
            trainer.Update();
            await trainer.Loss.EvalAsync().ConfigureAwait(false);
            await Mx.EvalAsync(trainer.Model.Parameters().Leaves).ConfigureAwait(false);
        }

        await Task.Yield();
        return trainer.Weights();
    }

    private sealed class InLossException : Exception;

    private sealed class Trainer
    {
        private readonly MlxArray _x;
        private readonly MlxArray _y;
        private readonly Adam _optimizer = new(0.01f);
        private readonly Func<MlxArray, MlxArray, (MlxArray Value, TreeDictionary Gradients)> _lossAndGradients;
        private bool _failing;

        internal Trainer(int seed)
        {
            Mx.Random.Seed((ulong)seed);
            Model = new Sequential(new Linear(Features, 5), new Lambda(a => Mx.Tanh(a)), new Linear(5, 1));
            _x = Mx.Random.Normal([Examples, Features]);
            _y = _x.Sum(axis: 1, keepdims: true);
            _lossAndGradients = Model.ValueAndGrad((input, target) =>
            {
                MlxArray loss = Losses.MseLoss(Model.Forward(input), target);
                return _failing ? throw new InLossException() : loss;
            });
        }

        internal Sequential Model { get; }

        internal MlxArray Loss { get; private set; } = 0f;

        internal void Update()
        {
            (Loss, TreeDictionary gradients) = _lossAndGradients(_x, _y);
            Model.Update(_optimizer.ApplyGradients(gradients, Model.TrainableParameters()));
        }

        internal void ThrowInLoss()
        {
            _failing = true;
            try
            {
                _lossAndGradients(_x, _y);
            }
            finally
            {
                _failing = false;
            }
        }

        internal float[] Weights() => [.. Model.Parameters().Leaves.SelectMany(leaf => leaf.ToArray<float>()), Loss.Item<float>()];
    }
}
