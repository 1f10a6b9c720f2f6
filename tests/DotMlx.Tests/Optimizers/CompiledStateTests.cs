using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>The state arrays that a compiled update replaces.</summary>
[NonParallelizable]
public class CompiledStateTests
{
    [Test]
    public void ArraysThatNoCallerHasSeenAreFreedAtOnce([Values] bool several)
    {
        TreeDictionary parameters = Parameters(), gradients = Parameters();
        OptimizerBase optimizer = Make(several);
        optimizer.Init(parameters);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> update = optimizer.Compile();
        update(gradients, parameters).DisposeArrays();
        HandleCount.Settle();
        long before = LiveArrays.Count;
        for (int i = 0; i < 5; i++)
        {
            update(gradients, parameters).DisposeArrays();
            Assert.That(LiveArrays.Count, Is.EqualTo(before), $"update {i}");
        }

        optimizer.State.DisposeArrays();
        ((IDisposable)update.Target!).Dispose();
    }

    [Test]
    public void ArraysThatTheCallerHasSeenStayValid([Values] bool several)
    {
        TreeDictionary parameters = Parameters(), gradients = Parameters();
        OptimizerBase optimizer = Make(several);
        optimizer.Init(parameters);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> update = optimizer.Compile();
        _ = update(gradients, parameters);
        Tree state = several ? optimizer.State["states"][0] : optimizer.State;
        MlxArray seen = state["a"]["m"].Array;
        MlxArray step = optimizer.Step;
        float value = seen.Item<float>();
        for (int i = 0; i < 3; i++)
        {
            _ = update(gradients, parameters);
        }

        Assert.That(seen.Item<float>(), Is.EqualTo(value));
        Assert.That(step.Item<ulong>(), Is.EqualTo(1));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(4));
        Tree after = several ? optimizer.State["states"][0] : optimizer.State;
        Assert.That(after["a"]["m"].Array.Item<float>(), Is.GreaterThan(value));
    }

    [Test]
    public void ArraysKeptByAnotherClassStayValid()
    {
        TreeDictionary parameters = Parameters(), gradients = Parameters();
        var optimizer = new KeepingAdam();
        optimizer.Init(parameters);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> update = optimizer.Compile();
        _ = update(gradients, parameters);
        MlxArray kept = optimizer.Kept!;
        float value = kept.Item<float>();
        _ = optimizer.ApplyGradients(gradients, parameters);
        _ = update(gradients, parameters);
        Assert.That(kept.Item<float>(), Is.EqualTo(value));
    }

    [Test]
    public void AFailedUpdateLeavesTheStateValid()
    {
        TreeDictionary parameters = Parameters(), gradients = Parameters();
        var optimizer = new Adam(0.1f);
        optimizer.Init(parameters);
        bool fails = false;
        Func<MlxArray, MlxArray> step = Mx.Compile(
            (MlxArray x) =>
            {
                _ = optimizer.ApplyGradients(gradients, parameters);
                return fails ? throw new InvalidOperationException("on purpose") : x + 1;
            },
            [optimizer],
            [optimizer]);
        _ = step(Mx.Ones(1));
        fails = true;
        Assert.That(() => step(Mx.Ones(2)), Throws.InvalidOperationException.With.Message.EqualTo("on purpose"));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
        Assert.That(optimizer.State["a"]["m"].Array.Item<float>(), Is.EqualTo(0.1f).Within(1e-6f));
        fails = false;
        _ = step(Mx.Ones(3));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(2));
    }

    private sealed class KeepingAdam() : Adam(0.1f)
    {
        public MlxArray? Kept { get; private set; }

        public override void RestoreState(Tree state)
        {
            base.RestoreState(state);
            Kept = state["a"]["m"].Array;
        }
    }

    private static OptimizerBase Make(bool several) => several
        ? new MultiOptimizer([new Adam(0.1f), new SGD(0.1f, momentum: 0.9f)], [(path, _) => path == "a"])
        : new Adam(0.1f);

    private static TreeDictionary Parameters() => new() { ["a"] = MlxArray.Create([1f], 1), ["b"] = MlxArray.Create([1f], 1) };
}
