using DotMlx.NN;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>An update happens completely or not at all, even if a rule fails, calls back, or runs concurrently.</summary>
[TestFixture]
internal sealed class AtomicUpdateTests
{
    private static TreeDictionary Two(float value = 1f, int size = 3) =>
        new() { ["a"] = Mx.Full([size], value), ["b"] = Mx.Full([size], value) };

    private static string Bits(OptimizerBase optimizer) => AllOptimizers.Bits(optimizer.State);

    [Test]
    public void AWrongShapeInTheSecondLeafChangesNothing([Values] bool several)
    {
        OptimizerBase optimizer = several
            ? new MultiOptimizer([new SGD(0.1, 0.9), new Adam(0.1)], [(path, _) => path == "a"])
            : new Adam(0.1);
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        string before = Bits(optimizer);
        TreeDictionary wrong = new() { ["a"] = Mx.Ones(3), ["b"] = Mx.Ones(2) };
        Assert.That(() => optimizer.ApplyGradients(wrong, p), Throws.ArgumentException.With.Message.Contains("'b'"));
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.Nothing);
    }

    [Test]
    public void ARuleThatFailsHalfWayChangesNothing([Values("throws", "null", "shape", "mlx")] string how)
    {
        Failing optimizer = new();
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        string before = Bits(optimizer);
        long live = Live();
        optimizer.Fails = how;
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.Exception);
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        optimizer.Fails = "";
        TreeDictionary updated = optimizer.ApplyGradients(p, p);
        Assert.That(updated["a"].Array.ToArray<float>(), Is.All.EqualTo(1f - (0.1f * (0.9f + 1f))).Within(1e-6f), "momentum applied once");
        updated.DisposeArrays();
        Assert.That(Live(), Is.LessThanOrEqualTo(live + 4), "nothing is left of the failed update");

        static long Live()
        {
            HandleCount.Settle();
            return LiveArrays.Count;
        }
    }

    [Test]
    public void AScheduleThatFailsChangesNothing()
    {
        bool fails = false;
        Adam optimizer = new((Schedule)(step => fails ? throw new FormatException() : (step + 1).AsType(DType.Float32)));
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        string before = Bits(optimizer);
        fails = true;
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.InstanceOf<FormatException>());
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        Assert.That(() => new Adam((Schedule)(_ => MlxArray.Create([0.1f]))),
            Throws.InvalidOperationException.With.Message.Contains("scalar"));
    }

    [Test]
    public void AModelThatRefusesTheParametersLeavesTheOptimizerAsItWas()
    {
        Linear model = new(2, 2);
        Adam optimizer = new(0.1);
        optimizer.Update(model, new TreeDictionary { ["weight"] = Mx.Ones(2, 2) });
        string before = Bits(optimizer) + AllOptimizers.Bits(model.Parameters());
        TreeDictionary stranger = new() { ["weight"] = Mx.Ones(2, 2), ["stranger"] = Mx.Ones(2) };
        Assert.That(() => optimizer.Update(model, stranger), Throws.Exception);
        Assert.That(Bits(optimizer) + AllOptimizers.Bits(model.Parameters()), Is.EqualTo(before));
    }

    [Test]
    public void DisposedArraysAreNamed()
    {
        Adam optimizer = new(0.1);
        TreeDictionary p = Two(), g = Two();
        optimizer.ApplyGradients(g, p);
        string before = Bits(optimizer);
        g["b"].Array.Dispose();
        Assert.That(() => optimizer.ApplyGradients(g, p), Throws.ArgumentException.With.Message.Contains("'b' has been disposed"));
        Assert.That(Bits(optimizer), Is.EqualTo(before));
    }

    [Test]
    public void ALearningRateMustBeAScalar()
    {
        Assert.That(() => new SGD(0.1) { LearningRate = MlxArray.Create([0.1f, 0.2f, 0.3f]) },
            Throws.ArgumentException.With.Message.Contains("scalar"));
        Assert.That(() => new SGD(0.1) { LearningRate = MlxArray.Create([0.1f]) }, Throws.ArgumentException);
        SGD optimizer = new(0.1);
        optimizer.State["learning_rate"] = MlxArray.Create([0.1f, 0.2f, 0.3f]);
        TreeDictionary scalar = new() { ["w"] = MlxArray.Scalar(1f) };
        Assert.That(() => optimizer.ApplyGradients(scalar, scalar),
            Throws.InvalidOperationException.With.Message.Contains("learning_rate"));
        Assert.That(optimizer.Step.Item<ulong>(), Is.Zero);
    }

    [TestCase(4, 3)]
    [TestCase(1)]
    [TestCase(0)]
    public void AStateOfAnotherShapeIsRefused(params int[] shape)
    {
        Adam optimizer = new(0.1);
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        optimizer.State["b"]["m"] = Mx.Zeros(shape);
        Assert.That(() => optimizer.ApplyGradients(p, p),
            Throws.InvalidOperationException.With.Message.Contains("'b'").And.Message.Contains("remove the entry"));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
        optimizer.State.Remove("b");
        Assert.That(optimizer.ApplyGradients(p, p)["b"].Array.Shape.ToArray(), Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public void AWiderStateIsRefused()
    {
        Adam optimizer = new(0.1);
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        optimizer.State["a"]["v"] = Mx.Zeros([3], DType.Float64, stream: DeviceType.Cpu);
        Assert.That(() => optimizer.ApplyGradients(p, p),
            Throws.InvalidOperationException.With.Message.Contains("'a'").And.Message.Contains("AsType"));
    }

    [Test]
    public void ALayerInsertedIntoAListInheritsNothing()
    {
        SGD optimizer = new(0.1, momentum: 0.9);
        TreeDictionary Layers(params int[] sizes) => new() { ["layers"] = new TreeList(sizes.Select(size => (Tree)Mx.Ones(size))) };
        TreeDictionary before = Layers(1, 4), after = Layers(1, 3, 4);
        optimizer.ApplyGradients(before, before);
        Assert.That(() => optimizer.ApplyGradients(after, after),
            Throws.InvalidOperationException.With.Message.Contains("'layers.1'").And.Message.Contains("inserted"));
        TreeDictionary broadcast = Layers(3, 4);
        Assert.That(() => optimizer.ApplyGradients(broadcast, broadcast),
            Throws.InvalidOperationException.With.Message.Contains("'layers.0'"));
    }

    [Test]
    public void NothingThatRunsInAnUpdateCanUpdate(
        [Values("ApplyGradients", "Init", "Load", "SetHyperparameter", "State", "RestoreState")] string what)
    {
        Calling optimizer = new();
        TreeDictionary p = Two();
        optimizer.ApplyGradients(p, p);
        string before = Bits(optimizer);
        optimizer.Call = () => optimizer.Do(what, p);
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.InvalidOperationException.With.Message.Contains("during an update"));
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        optimizer.Call = null;
        optimizer.CallFromGetter = () => optimizer.Do(what, p);
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.InvalidOperationException.With.Message.Contains("during an update"));
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        optimizer.CallFromGetter = null;
        optimizer.CallFromSchedule = () => optimizer.Do(what, p);
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.InvalidOperationException.With.Message.Contains("during an update"));
        optimizer.CallFromSchedule = null;
        Assert.That(Bits(optimizer), Is.EqualTo(before));
        Assert.That(() => optimizer.ApplyGradients(p, p), Throws.Nothing);
    }

    [Test]
    public void AnotherOptimizerMayRunInside()
    {
        Adam inner = new(0.1);
        Calling outer = new();
        TreeDictionary p = Two(), other = new() { ["x"] = Mx.Ones(2) };
        TreeDictionary? updated = null;
        outer.Call = () => updated = inner.ApplyGradients(other, other);
        outer.ApplyGradients(p, p);
        Assert.That(() => updated!["x"].Array.ToArray<float>(), Throws.InstanceOf<ObjectDisposedException>(),
            "a temporary of the outer update");
        Assert.That(inner.State["x"]["m"].Array.ToArray<float>(), Is.All.EqualTo(0.19f).Within(1e-6f));
        Assert.That(inner.Step.Item<ulong>(), Is.EqualTo(2), "once for each parameter");
    }

    [Test]
    public void SavesBesideAnUpdateAreWhole()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".safetensors");
        Adam optimizer = new(0.1);
        TreeDictionary p = new() { ["w"] = new TreeList(Enumerable.Range(0, 40).Select(_ => (Tree)Mx.Ones(100))) };
        optimizer.Init(p);
        try
        {
            Task save = Task.Run(() =>
            {
                for (int i = 0; i < 60; i++)
                {
                    optimizer.Save(file);
                    TreeDictionary saved = TreeDictionary.Load(file);
                    float[] values = [.. saved["w"].Leaves.Where((_, j) => j % 2 == 0).Select(m => m.ToArray<float>()[0])];
                    Assert.That(values.Distinct().Count(), Is.EqualTo(1), "the same step for all parameters");
                    saved.DisposeArrays();
                }
            });
            while (!save.IsCompleted)
            {
                p = optimizer.ApplyGradients(p, p);
                Mx.Eval(p, optimizer.State);
            }

            Assert.That(() => save.GetAwaiter().GetResult(), Throws.Nothing);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void ReadersDuringAnUpdateSeeOneStep([Values("eval", "text", "differences", "copy", "update", "flatten")] string what)
    {
        Adam optimizer = new(0.1);
        TreeDictionary p = new() { ["w"] = new TreeList(Enumerable.Range(0, 40).Select(_ => (Tree)Mx.Ones(10))) };
        optimizer.Init(p);
        TreeDictionary state = optimizer.State;
        Task read = Task.Run(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                switch (what)
                {
                    case "eval":
                        Mx.Eval(state);
                        break;
                    case "text":
                        Assert.That(state.ToString(), Does.Contain("learning_rate"));
                        break;
                    case "differences":
                        Assert.That(Tree.Differences(state, state), Is.Empty);
                        break;
                    case "copy":
                        float[] values = [.. optimizer.CaptureState()["w"].Leaves.Where((_, j) => j % 2 == 0)
                            .Select(m => m.ToArray<float>()[0])];
                        Assert.That(values.Distinct().Count(), Is.EqualTo(1));
                        break;
                    case "flatten":
                        Assert.That(state.Flatten(), Has.Count.EqualTo(82));
                        break;
                    default:
                        try
                        {
                            optimizer.ApplyGradients(p, p);
                        }
                        catch (InvalidOperationException error)
                        {
                            Assert.That(error.Message, Does.Contain("another thread"));
                        }

                        break;
                }
            }
        });
        while (!read.IsCompleted)
        {
            try
            {
                p = optimizer.ApplyGradients(p, p);
            }
            catch (InvalidOperationException) when (what == "update")
            {
            }

            Mx.Eval(p, optimizer.State);
        }

        Assert.That(() => read.GetAwaiter().GetResult(), Throws.Nothing);
    }

    private sealed class Failing : Optimizer
    {
        private int _calls;

        public Failing() => SetHyperparameter("learning_rate", 0.1);

        public string Fails { get; set; } = "";

        protected override void InitSingle(MlxArray parameter, TreeDictionary state) => state["v"] = Mx.ZerosLike(parameter);

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            MlxArray v = (0.9 * state["v"].Array) + gradient;
            state["v"] = v;
            if (Fails.Length > 0 && ++_calls % 2 == 0)
            {
                return Fails switch
                {
                    "null" => null!,
                    "shape" => Mx.Zeros(7),
                    "mlx" => Mx.MatMul(Mx.Zeros(2, 3), Mx.Zeros(2, 3)),
                    _ => throw new FormatException(),
                };
            }

            return parameter - (Rate(gradient) * v);
        }
    }

    private sealed class Calling : Optimizer
    {
        public Calling() => SetHyperparameter("learning_rate", step =>
        {
            CallFromSchedule?.Invoke();
            return MlxArray.Scalar(0.1f);
        });

        public Action? Call { get; set; }

        public Action? CallFromGetter { get; set; }

        public Action? CallFromSchedule { get; set; }

        public override bool MasterWeights
        {
            get
            {
                CallFromGetter?.Invoke();
                return base.MasterWeights;
            }

            set => base.MasterWeights = value;
        }

        public void Do(string what, TreeDictionary p)
        {
            switch (what)
            {
                case "ApplyGradients":
                    ApplyGradients(p, p);
                    break;
                case "Init":
                    Init(p);
                    break;
                case "Load":
                    Load("nothing");
                    break;
                case "SetHyperparameter":
                    SetHyperparameter("learning_rate", 0.5);
                    break;
                case "State":
                    State = new TreeDictionary();
                    break;
                default:
                    RestoreState(new TreeDictionary());
                    break;
            }
        }

        protected override void InitSingle(MlxArray parameter, TreeDictionary state) => state["v"] = Mx.ZerosLike(parameter);

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            Call?.Invoke();
            return parameter - (Rate(gradient) * gradient);
        }
    }
}
