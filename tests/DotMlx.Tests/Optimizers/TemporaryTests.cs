using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>
/// Arrays that update rules make are freed with the update. Arrays that the rules keep are live, or report that they aren't.
/// </summary>
[TestFixture]
internal sealed class TemporaryTests
{
    private static TreeDictionary One(float value = 1f) => new() { ["w"] = Mx.Full([2], value) };

    [Test]
    public void ATemporaryThatIsKeptIsLiveOrDisposed()
    {
        Keeping optimizer = new();
        TreeDictionary p = One();
        optimizer.ApplyGradients(p, p);
        optimizer.ApplyGradients(p, p);
        Assert.Multiple(() =>
        {
            Assert.That(optimizer.Kept!.ToArray<float>(), Is.All.EqualTo(2f));
            Assert.That(() => optimizer.Forgotten!.ToArray<float>(),
                Throws.InstanceOf<ObjectDisposedException>().With.Message.Contains("MlxScope.Detach"));
            Assert.That(() => optimizer.OldState!.ToArray<float>(), Throws.InstanceOf<ObjectDisposedException>());
            Assert.That(optimizer.OldStateKept!.ToArray<float>(), Is.All.EqualTo(1f));
            Assert.That(optimizer.Parameter!.ToArray<float>(), Is.All.EqualTo(1f), "the caller's own");
        });
    }

    [Test]
    public void ASubclassOfAnOptimizerMayKeepAndReuseArrays()
    {
        Averaged optimizer = new();
        TreeDictionary p = One();
        for (int i = 0; i < 3; i++)
        {
            p = optimizer.ApplyGradients(One(), p);
        }

        Assert.That(optimizer.Average!.ToArray<float>(), Is.All.GreaterThan(0f).And.All.LessThan(1f));
    }

    [Test]
    public void RulesMayDisposeChangeAndShareWhatTheyGet()
    {
        Odd optimizer = new();
        TreeDictionary p = One();
        for (int i = 1; i < 4; i++)
        {
            TreeDictionary next = optimizer.ApplyGradients(One(), p);
            Assert.That(next["w"].Array.ToArray<float>(), Is.All.EqualTo(1f), "the parameter itself, returned");
            Assert.That(next["w"].Array, Is.Not.SameAs(p["w"].Array));
            Assert.That(optimizer.State["w"]["a"].Array.ToArray<float>(), Is.EqualTo(optimizer.State["w"]["b"].Array.ToArray<float>()));
            Assert.That(optimizer.State["w"]["list"][0].Array.Item<float>(), Is.EqualTo(i));
            Assert.That(optimizer.State["count"].Array.Item<float>(), Is.EqualTo(i));
            p.DisposeArrays();
            p = next;
        }
    }

    [Test]
    public void NoTemporaryOfACustomRuleIsLeftBehind()
    {
        NesterovAdam optimizer = new(0.1);
        TreeDictionary p = AllOptimizers.Parameters(), g = AllOptimizers.Gradients(1);
        p = Step(p);
        HandleCount.Settle();
        long before = LiveArrays.Count;
        for (int i = 0; i < 5; i++)
        {
            p = Step(p);
        }

        Assert.That(LiveArrays.Count, Is.EqualTo(before));

        TreeDictionary Step(TreeDictionary parameters)
        {
            TreeDictionary updated = optimizer.ApplyGradients(g, parameters);
            Mx.Eval(updated, optimizer.State);
            parameters.DisposeArrays();
            return updated;
        }
    }

    [Test]
    public void ScalarsThatParametersShareKeepTheirMeaning()
    {
        // A number that is added to a sum of the parameter's elements stays a scalar, whatever shape the parameters share.
        Normalized optimizer = new();
        TreeDictionary p = new() { ["a"] = Mx.Ones(4), ["b"] = Mx.Ones(4), ["c"] = Mx.Ones(4) };
        TreeDictionary updated = optimizer.ApplyGradients(p, p);
        foreach (string name in new[] { "a", "b", "c" })
        {
            Assert.That(updated[name].Array.ToArray<float>(), Is.All.EqualTo(1f - (0.1f / 9f)).Within(1e-6f));
            Assert.That(optimizer.State[name]["norm"].Array.NDim, Is.Zero);
        }
    }

    [Test]
    public void DoubleHyperparametersCanBeSet()
    {
        AdamW optimizer = new(1e-3) { WeightDecay = 0.5, Betas = (0.5, 0.5) };
        (double beta1, double beta2) = optimizer.Betas;
        Assert.That((beta1, optimizer.Betas.Beta2, beta2), Is.EqualTo((0.5, 0.5, 0.5)));
        Assert.That(() => optimizer.Betas = (1, 0.5), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => optimizer.Eps = -1, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static MlxArray Keep(MlxArray array)
    {
        MlxScope.Detach(array);
        return array;
    }

    private sealed class Keeping : Optimizer
    {
        public Keeping() => SetHyperparameter("learning_rate", 0.1);

        public MlxArray? Kept { get; private set; }

        public MlxArray? Forgotten { get; private set; }

        public MlxArray? OldState { get; private set; }

        public MlxArray? OldStateKept { get; private set; }

        public MlxArray? Parameter { get; private set; }

        protected override void InitSingle(MlxArray parameter, TreeDictionary state)
        {
            state["u"] = Mx.ZerosLike(parameter);
            state["v"] = Mx.ZerosLike(parameter);
        }

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            Kept = Keep(gradient * 2.0);
            Forgotten = gradient * 3.0;
            OldState = state["v"].Array;
            OldStateKept = Keep(state["u"].Array);
            state["u"] = gradient;
            Parameter = parameter;
            state["v"] = gradient;
            return parameter - (Rate(gradient) * gradient);
        }
    }

    private sealed class Averaged() : Adam(0.1)
    {
        public MlxArray? Average { get; private set; }

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            MlxArray updated = base.ApplySingle(gradient, parameter, state);
            MlxArray? before = Average;
            Average = Keep(before is null ? updated + 0 : (0.9 * before) + (0.1 * updated));
            before?.Dispose();
            return updated;
        }
    }

    private sealed class Odd : Optimizer
    {
        protected override void InitSingle(MlxArray parameter, TreeDictionary state)
        {
            state["a"] = Mx.ZerosLike(parameter);
            state["b"] = Mx.ZerosLike(parameter);
            state["list"] = new TreeList { MlxArray.Scalar(0f) };
        }

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            MlxArray old = state["a"].Array;
            MlxArray sum = old + gradient;
            old.Dispose();
            using MlxArray unused = sum * 2;
            state["b"].Array[0] = 5f;
            state["a"] = sum;
            state["b"] = sum;
            state["list"][0] = state["list"][0].Array + 1;
            State["count"] = State.TryGetValue("count", out Tree? count) ? count.Array + 1 : MlxArray.Scalar(1f);
            return parameter;
        }
    }

    private sealed class Normalized : Optimizer
    {
        public Normalized() => SetHyperparameter("learning_rate", 0.1);

        protected override void InitSingle(MlxArray parameter, TreeDictionary state) => state["norm"] = MlxArray.Scalar(0f);

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            MlxArray norm = (2.0 * Mx.Sum(gradient)) + 1.0;
            state["norm"] = norm;
            return parameter - (Rate(gradient) * gradient / norm);
        }
    }
}
