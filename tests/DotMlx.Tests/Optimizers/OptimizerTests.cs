using CsCheck;
using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

[TestFixture]
internal sealed class OptimizerTests
{
    private static readonly string[] Names = AllOptimizers.Names;

    private static MlxArray A(params float[] values) => MlxArray.Create(values);

    private static TreeDictionary One(MlxArray array) => new() { ["w"] = array };

    [Test]
    public void ANewOptimizerHasAStepAndALearningRate()
    {
        Adam optimizer = new(0.25f);
        Assert.That(optimizer.State.Keys, Is.EqualTo(new[] { "step", "learning_rate" }));
        Assert.That(optimizer.Step.DType, Is.EqualTo(DType.UInt64));
        Assert.That(optimizer.Step.Item<ulong>(), Is.Zero);
        Assert.That(optimizer.LearningRate.DType, Is.EqualTo(DType.Float32));
        Assert.That(optimizer.LearningRate.Item<float>(), Is.EqualTo(0.25f));
        Assert.That(() => new Adafactor().LearningRate, Throws.InvalidOperationException.With.Message.Contains("learning_rate"));
    }

    [TestCaseSource(nameof(Names))]
    public void DtypesAndShapesAreKept(string name)
    {
        foreach (DType dtype in new[] { DType.Float16, DType.BFloat16, DType.Float32 })
        {
            OptimizerBase optimizer = AllOptimizers.Make(name);
            TreeDictionary parameters = AllOptimizers.Parameters(dtype);
            TreeDictionary updated = optimizer.ApplyGradients(AllOptimizers.Gradients(1, dtype), parameters);
            updated = optimizer.ApplyGradients(AllOptimizers.Gradients(2, dtype), updated);
            Assert.That(Tree.Differences(parameters, updated), Is.Empty, $"{dtype}");
        }
    }

    [TestCaseSource(nameof(Names))]
    public void ArgumentsAreNeverModified(string name)
    {
        OptimizerBase optimizer = AllOptimizers.Make(name);
        TreeDictionary parameters = AllOptimizers.Parameters();
        TreeDictionary gradients = AllOptimizers.Gradients(1);
        string before = AllOptimizers.Bits(parameters) + AllOptimizers.Bits(gradients);
        MlxArray[] leaves = [.. parameters.Leaves, .. gradients.Leaves];
        TreeDictionary updated = optimizer.ApplyGradients(gradients, parameters);
        Mx.Eval(updated, optimizer.State);
        Assert.That(AllOptimizers.Bits(parameters) + AllOptimizers.Bits(gradients), Is.EqualTo(before));
        Assert.That(parameters.Leaves.Concat(gradients.Leaves), Is.EqualTo(leaves).Using<MlxArray>(ReferenceEquals));
        Assert.That(AllOptimizers.Bits(updated), Is.Not.EqualTo(AllOptimizers.Bits(parameters)));
    }

    [TestCaseSource(nameof(Names))]
    public void InitCreatesZerosAndKeepsExistingState(string name)
    {
        OptimizerBase optimizer = AllOptimizers.Make(name);
        optimizer.Init(AllOptimizers.Parameters());
        foreach ((string path, MlxArray array) in optimizer.State.Flatten()
            .Where(item => !item.Key.EndsWith("learning_rate", StringComparison.Ordinal)))
        {
            Assert.That(Golden.ToDoubles(array), Is.All.Zero, path);
        }

        AllOptimizers.Run(optimizer, AllOptimizers.Parameters(), 0, 2);
        string state = AllOptimizers.Bits(optimizer.State);
        optimizer.Init(AllOptimizers.Parameters());
        Assert.That(AllOptimizers.Bits(optimizer.State), Is.EqualTo(state));
    }

    [Test]
    public void AScheduleIsReadBeforeTheStepIsCounted()
    {
        List<ulong> steps = [];
        SGD optimizer = new(step =>
        {
            steps.Add(step.Item<ulong>());
            return (step + 1UL).AsType(DType.Float32);
        });
        TreeDictionary parameters = One(A(0));
        parameters = optimizer.ApplyGradients(One(A(1)), parameters);
        Assert.That(parameters["w"].Array.Item<float>(), Is.EqualTo(-1f));
        parameters = optimizer.ApplyGradients(One(A(1)), parameters);
        Assert.That(parameters["w"].Array.Item<float>(), Is.EqualTo(-3f));
        Assert.That(steps, Is.EqualTo(new ulong[] { 0, 0, 1 }), "at construction, then before each update");
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(2));
    }

    [Test]
    public void AnEmptyUpdateStillCounts()
    {
        Adam optimizer = new(Schedules.LinearSchedule(0f, 1f, 10));
        for (int i = 0; i < 5; i++)
        {
            optimizer.ApplyGradients(new TreeDictionary(), new TreeDictionary());
        }

        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(5));
        Assert.That(optimizer.LearningRate.Item<float>(), Is.EqualTo(0.4f).Within(1e-6f));
    }

    [TestCaseSource(nameof(Names))]
    public void TheLearningRateFollowsAScheduleInEveryOptimizer(string name)
    {
        Schedule schedule = Schedules.StepDecay(0.1f, 0.9f, 1);
        OptimizerBase optimizer = name switch
        {
            "SGD" => new SGD(schedule),
            "RMSprop" => new RMSprop(schedule),
            "Adagrad" => new Adagrad(schedule),
            "AdaDelta" => new AdaDelta(schedule),
            "Adam" => new Adam(schedule),
            "AdamW" => new AdamW(schedule),
            "Adamax" => new Adamax(schedule),
            "Lion" => new Lion(schedule),
            "Adafactor" => new Adafactor(schedule),
            "Muon" => new Muon(schedule),
            _ => new MultiOptimizer([new SGD(schedule)]),
        };
        TreeDictionary parameters = One(A(1, 2));
        for (int i = 0; i < 10; i++)
        {
            parameters = optimizer.ApplyGradients(One(A(1, 1)), parameters);
            Assert.That(optimizer.LearningRate.Item<float>(), Is.EqualTo(0.1 * Math.Pow(0.9, i)).Within(1e-7));
        }
    }

    [Test]
    public void TheLearningRateCanBeSet()
    {
        SGD optimizer = new(1f);
        TreeDictionary parameters = optimizer.ApplyGradients(One(A(1)), One(A(0)));
        optimizer.LearningRate = -2;
        parameters = optimizer.ApplyGradients(One(A(1)), parameters);
        Assert.That(parameters["w"].Array.Item<float>(), Is.EqualTo(1f));
        Assert.That(optimizer.LearningRate.DType, Is.EqualTo(DType.Float32), "a whole number is a rate too");
        using MlxArray rate = MlxArray.Scalar(3f);
        optimizer.LearningRate = rate;
        rate.Dispose();
        Assert.That(optimizer.LearningRate.Item<float>(), Is.EqualTo(3f), "the optimizer has its own");
    }

    [Test]
    public void AnyHyperparameterCanBeScheduled()
    {
        Scheduled optimizer = new();
        optimizer.ApplyGradients(One(A(1)), One(A(1)));
        optimizer.ApplyGradients(One(A(1)), One(A(1)));
        Assert.That(optimizer.Seen, Is.EqualTo(new[] { 0.5f, 0.25f }));
    }

    [Test]
    public void PartialGradientsTouchOnlyTheirLeaves() => Gen.Int[0, 15].List[1, 6].Sample(
        masks =>
        {
            Adam optimizer = new(0.1f, biasCorrection: true);
            TreeDictionary all = new() { ["a"] = A(1, 2), ["l"] = new TreeList { A(3), new TreeDictionary { ["b"] = A(4) }, A(5) } };
            TreeDictionary parameters = all;
            foreach (int mask in masks)
            {
                string[] paths = ["a", "l.0", "l.1.b", "l.2"];
                Tree some = Tree.Unflatten(paths.Where((_, i) => ((mask >> i) & 1) != 0)
                    .Select(path => KeyValuePair.Create(path, all.Find(path).Array)));
                if (some is not TreeDictionary gradients)
                {
                    continue;
                }

                Dictionary<string, MlxArray> before = new(optimizer.State.Flatten());
                TreeDictionary updated = optimizer.ApplyGradients(gradients, parameters);
                if (!Tree.StructureEquals(updated, gradients))
                {
                    return false;
                }

                foreach ((string path, MlxArray array) in optimizer.State.Flatten()
                    .Where(item => item.Key.Contains('.', StringComparison.Ordinal)))
                {
                    bool touched = gradients.TryFind(path[..path.LastIndexOf('.')], out Tree? node) && node is TreeLeaf;
                    if (before.TryGetValue(path, out MlxArray? old) && ReferenceEquals(old, array) == touched)
                    {
                        return false;
                    }

                    if (old is null && !touched)
                    {
                        return false;
                    }
                }

                parameters = (TreeDictionary)Tree.Merge(updated, parameters, (left, _) => left);
            }

            return true;
        },
        iter: 100,
        threads: 1);

    [Test]
    public void LeavesThatAppearLaterGetTheirState()
    {
        Adam optimizer = new(0.1f);
        TreeDictionary parameters = new() { ["a"] = A(1), ["b"] = new TreeList { A(2), A(3) } };
        optimizer.ApplyGradients(new TreeDictionary { ["a"] = A(1) }, parameters);
        optimizer.ApplyGradients(new TreeDictionary { ["b"] = new TreeList { new TreeDictionary(), A(1) } },
            new TreeDictionary { ["b"] = new TreeList { new TreeDictionary(), A(3) } });
        optimizer.ApplyGradients(parameters, parameters);
        Assert.That(optimizer.State.Flatten().Select(item => item.Key), Is.EquivalentTo(new[]
        {
            "step", "learning_rate", "a.m", "a.v", "b.0.m", "b.0.v", "b.1.m", "b.1.v",
        }));
    }

    [TestCase("step")]
    [TestCase("learning_rate")]
    public void ParametersCannotHaveTheNamesOfTheState(string name)
    {
        Adam optimizer = new(0.1f);
        TreeDictionary parameters = new() { [name] = A(1) };
        Assert.That(() => optimizer.ApplyGradients(parameters, parameters), Throws.ArgumentException.With.Message.Contains($"'{name}'"));
        Assert.That(() => optimizer.Init(parameters), Throws.ArgumentException.With.Message.Contains("Rename"));
        TreeDictionary deeper = new() { ["net"] = parameters };
        Assert.That(() => optimizer.ApplyGradients(deeper, deeper), Throws.Nothing);
    }

    [Test]
    public void ErrorsNameThePath()
    {
        Adam optimizer = new(0.1f);
        TreeDictionary gradients = new() { ["l"] = new TreeList { A(1), A(1, 2) } };
        Assert.That(
            () => optimizer.ApplyGradients(gradients, new TreeDictionary { ["l"] = new TreeList { A(1), A(1, 2, 3) } }),
            Throws.ArgumentException.With.Message.Contains("'l.1'").And.Message.Contains("float32 [2]").And.Message
                .Contains("float32 [3]"));
        Assert.That(() => optimizer.ApplyGradients(gradients, new TreeDictionary { ["l"] = new TreeList { A(1) } }),
            Throws.ArgumentException.With.Message.Contains("'l.1'"));
        SGD sgd = new(0.1f, momentum: 0.9f);
        sgd.ApplyGradients(gradients, gradients);
        optimizer.State = sgd.State;
        Assert.That(() => optimizer.ApplyGradients(gradients, gradients),
            Throws.InvalidOperationException.With.Message.Contains("'l.0'").And.Message.Contains("'m'"));
    }

    [Test]
    public void TheStateIsLiveAndAssignable()
    {
        SGD optimizer = new(0.1f, momentum: 0.5f);
        TreeDictionary state = optimizer.State;
        state["note"] = A(7);
        optimizer.ApplyGradients(One(A(1)), One(A(0)));
        Assert.That(state["w"]["v"].Array.Item<float>(), Is.EqualTo(1f));
        state["w"]["v"] = A(10);
        TreeDictionary updated = optimizer.ApplyGradients(One(A(1)), One(A(0)));
        Assert.That(updated["w"].Array.Item<float>(), Is.EqualTo(-0.6f).Within(1e-6f));
        Assert.That(state["note"].Array.Item<float>(), Is.EqualTo(7f));

        TreeDictionary other = new() { ["step"] = MlxArray.Scalar(5UL), ["learning_rate"] = MlxArray.Scalar(1f) };
        optimizer.State = other;
        Assert.That(optimizer.State, Is.SameAs(other));
        optimizer.ApplyGradients(One(A(1)), One(A(0)));
        Assert.That(other["w"]["v"].Array.Item<float>(), Is.EqualTo(1f), "created anew");
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(6));
        optimizer.State = new TreeDictionary();
        Assert.That(() => optimizer.ApplyGradients(One(A(1)), One(A(0))), Throws.InvalidOperationException.With.Message.Contains("'step'"));
    }

    [Test]
    public void CaptureAndRestoreGoBackInPlace()
    {
        OptimizerBase optimizer = AllOptimizers.Make("MultiOptimizer");
        TreeDictionary parameters = AllOptimizers.Run(optimizer, AllOptimizers.Parameters(), 0, 2);
        TreeDictionary live = ((MultiOptimizer)optimizer).Optimizers[1].State;
        Tree captured = optimizer.CaptureState();
        string before = AllOptimizers.Bits(optimizer.State);
        AllOptimizers.Run(optimizer, parameters, 2, 4);
        Assert.That(AllOptimizers.Bits(optimizer.State), Is.Not.EqualTo(before));
        optimizer.RestoreState(captured);
        Assert.That(AllOptimizers.Bits(optimizer.State), Is.EqualTo(before));
        Assert.That(((MultiOptimizer)optimizer).Optimizers[1].State, Is.SameAs(live));
    }

    [Test]
    public void StateHeldByTheCallerStaysValid()
    {
        Adam optimizer = new(0.1f);
        optimizer.ApplyGradients(One(A(1)), One(A(0)));
        Tree leaf = optimizer.State["w"]["m"];
        MlxArray held = leaf.Array;
        Tree captured = optimizer.CaptureState();
        MlxArray step = optimizer.Step;
        optimizer.ApplyGradients(One(A(1)), One(A(0)));
        optimizer.ApplyGradients(One(A(1)), One(A(0)));
        Assert.That(held.Item<float>(), Is.EqualTo(0.1f).Within(1e-6f));
        Assert.That(leaf.Array, Is.SameAs(held));
        Assert.That(captured["w"]["v"].Array.Item<float>(), Is.EqualTo(0.001f).Within(1e-8f));
        Assert.That(step.Item<ulong>(), Is.EqualTo(1));
    }

    [TestCaseSource(nameof(Names))]
    public void NoHandleIsLeftBehind(string name)
    {
        OptimizerBase optimizer = AllOptimizers.Make(name);
        TreeDictionary parameters = AllOptimizers.Parameters();
        TreeDictionary gradients = AllOptimizers.Gradients(1);
        Step();
        HandleCount.Settle();
        long before = LiveArrays.Count;
        for (int i = 0; i < 10; i++)
        {
            Step();
        }

        Assert.That(LiveArrays.Count, Is.EqualTo(before));

        void Step()
        {
            TreeDictionary updated = optimizer.ApplyGradients(gradients, parameters);
            Mx.Eval(updated, optimizer.State);
            parameters.DisposeArrays();
            parameters = updated;
        }
    }

    [Test]
    public void StateSurvivesAScope()
    {
        Adam optimizer = new(Schedules.CosineDecay(0.1f, 10), biasCorrection: true);
        for (int i = 0; i < 3; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            optimizer.ApplyGradients(One(A(1)), One(A(0)));
        }

        Assert.That(optimizer.State.Flatten().Select(item => item.Value.IsDisposed), Is.All.False);
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(3));
    }

    [Test]
    public void StateSurvivesAScopeAroundACompiledUpdate()
    {
        Adam optimizer = new(0.1f);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> apply = optimizer.Compile();
        for (int i = 0; i < 3; i++)
        {
            using MlxScope scope = MlxScope.Begin();
            Mx.Eval(apply(One(A(1)), One(A(0))), optimizer.State);
        }

        Assert.That(optimizer.State.Flatten().Select(item => item.Value.IsDisposed), Is.All.False);
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(3));
    }

    [Test]
    public void ArgumentsAreChecked()
    {
        Assert.That(() => new SGD(0.1f, nesterov: true), Throws.ArgumentException);
        Assert.That(() => new SGD(0.1f, momentum: 0.9f, dampening: 0.1f, nesterov: true), Throws.ArgumentException);
        Assert.That(() => new RMSprop(0.1f, alpha: -1f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new RMSprop(0.1f, eps: 0f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Adagrad(0.1f, eps: 0f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new AdaDelta(0.1f, rho: -0.1f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new AdaDelta(0.1f, eps: 0f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Adam(0.1f, betas: (0.9f, 1f)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Adamax(0.1f, eps: -1f), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new Lion(0.1f, betas: (-0.1f, 0.9f)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Schedules.StepDecay(1f, 0.5f, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Schedules.CosineDecay(1f, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Schedules.LinearSchedule(0f, 1f, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Schedules.JoinSchedules([], []), Throws.ArgumentException);
        Assert.That(() => Schedules.JoinSchedules([Schedules.CosineDecay(1f, 1)], [1]), Throws.ArgumentException);
        Assert.That(() => DotMlx.Optimizers.Gradients.ClipNorm(One(A(1)), -1f), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void JoinedSchedulesMayBeAnybodys()
    {
        Schedule schedule = Schedules.JoinSchedules([_ => 1f, step => step.AsType(DType.Float32) * 10f], [3]);
        float[] values = [.. Enumerable.Range(0, 6).Select(step => schedule(step).Item<float>())];
        Assert.That(values, Is.EqualTo(new[] { 1f, 1f, 1f, 0f, 10f, 20f }));
    }

    [Test]
    public void ClipNormTakesAnyDtypeAndEmptyTrees()
    {
        (TreeDictionary clipped, MlxArray norm) = DotMlx.Optimizers.Gradients.ClipNorm(One(MlxArray.Create([3, 4])), 1f);
        Assert.That(norm.Item<float>(), Is.EqualTo(5f));
        Assert.That(clipped["w"].Array.DType, Is.EqualTo(DType.Float32));
        (clipped, norm) = DotMlx.Optimizers.Gradients.ClipNorm(One(MlxArray.Create([(Half)3f, (Half)4f])), 1f);
        Assert.That(clipped["w"].Array.DType, Is.EqualTo(DType.Float16));
        (clipped, norm) = DotMlx.Optimizers.Gradients.ClipNorm(new TreeDictionary(), 1f);
        Assert.That((clipped.LeafCount, norm.Item<float>()), Is.EqualTo((0, 0f)));
    }

    [Test]
    public void AMemberWithoutLeavesIsFine()
    {
        MultiOptimizer optimizer = new([new Muon(0.1f), new SGD(0.1f)], [(path, _) => path == "nothing"]);
        TreeDictionary updated = optimizer.ApplyGradients(One(A(1)), One(A(1)));
        Assert.That(updated["w"].Array.Item<float>(), Is.EqualTo(0.9f).Within(1e-6f));
        Assert.That(optimizer.Step.Item<ulong>(), Is.EqualTo(1));
        Assert.That(optimizer.Optimizers[0].Step.Item<ulong>(), Is.EqualTo(1));
        optimizer.LearningRate = 0.5f;
        Assert.That(optimizer.Optimizers.Select(member => member.LearningRate.Item<float>()), Is.All.EqualTo(0.5f));
        Assert.That(() => new MultiOptimizer([new SGD(0.1f), new SGD(0.1f)]), Throws.ArgumentException);
        Assert.That(() => optimizer.State = new TreeDictionary(), Throws.ArgumentException.With.Message.Contains("states"));
    }

    [Test]
    public void OneArrayUnderTwoKeysGoesToTheOwnerOfEach()
    {
        MultiOptimizer optimizer = new([new SGD(1), new SGD(0.5)], [(path, _) => path == "a"]);
        Tree shared = Mx.Ones(1);
        TreeDictionary tree = new() { ["a"] = shared, ["b"] = shared };
        TreeDictionary updated = optimizer.ApplyGradients(tree, tree);
        Assert.That((updated["a"].Array.Item<float>(), updated["b"].Array.Item<float>()), Is.EqualTo((0f, 0.5f)));
    }

    [Test]
    public void EveryMemberDoesWhatItWouldDoAlone() => Gen.Int[0, 2].Array[5].Sample(
        owners =>
        {
            string[] paths = ["layers.0.weight", "layers.0.bias", "layers.2.conv.weight", "scale"];
            static OptimizerBase Member(int i) => i switch { 0 => new SGD(0.1f, 0.9f), 1 => new Adam(0.01f), _ => new Lion(0.02f) };
            bool Owns(int member, string path) => owners[Array.IndexOf(paths, path)] == member;
            MultiOptimizer all = new([Member(0), Member(1), Member(2)], [(path, _) => Owns(0, path), (path, _) => Owns(1, path)]);
            OptimizerBase[] alone = [Member(0), Member(1), Member(2)];
            TreeDictionary parameters = AllOptimizers.Parameters();
            for (int step = 0; step < 2; step++)
            {
                TreeDictionary gradients = AllOptimizers.Gradients(step);
                TreeDictionary updated = all.ApplyGradients(gradients, parameters);
                for (int i = 0; i < 3; i++)
                {
                    Tree part = Tree.Unflatten(gradients.Flatten().Where(item => Owns(i, item.Key)));
                    TreeDictionary single = alone[i].ApplyGradients(part as TreeDictionary ?? new TreeDictionary(), parameters);
                    foreach ((string path, MlxArray expected) in single.Flatten())
                    {
                        Assert.That(updated.Find(path).Array.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()), path);
                    }

                    Assert.That(AllOptimizers.Bits(all.State["states"][i]), Is.EqualTo(AllOptimizers.Bits(alone[i].State)));
                }

                parameters = updated;
            }
        },
        iter: 30,
        threads: 1);

    [TestCaseSource(nameof(Names))]
    public void CompiledUpdatesEqualPlainOnes(string name)
    {
        OptimizerBase plain = AllOptimizers.Make(name);
        OptimizerBase compiled = AllOptimizers.Make(name);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> apply = compiled.Compile();
        TreeDictionary a = AllOptimizers.Parameters();
        TreeDictionary b = AllOptimizers.Parameters();
        for (int i = 0; i < 4; i++)
        {
            a = plain.ApplyGradients(AllOptimizers.Gradients(i), a);
            b = apply(AllOptimizers.Gradients(i), b);
            Mx.Eval(a, b, plain.State, compiled.State);
        }

        GoldenOptimizers.AssertTree(b, a, "parameters");
        GoldenOptimizers.AssertTree(compiled.State, plain.State, "state");
    }

    [Test]
    public void ACompiledUpdateReadsTheLearningRateOfTheMoment()
    {
        SGD optimizer = new(-1f);
        Func<TreeDictionary, TreeDictionary, TreeDictionary> apply = optimizer.Compile();
        TreeDictionary parameters = apply(One(A(1)), One(A(1)));
        Assert.That(parameters["w"].Array.Item<float>(), Is.EqualTo(2f));
        optimizer.LearningRate = -2f;
        Assert.That(apply(One(A(1)), One(A(1)))["w"].Array.Item<float>(), Is.EqualTo(3f));
    }

    [Test]
    public void AMultiOptimizerKeepsTheStructureOfTheGradients()
    {
        OptimizerBase optimizer = AllOptimizers.Make("MultiOptimizer");
        TreeDictionary gradients = AllOptimizers.Gradients(1);
        Assert.That(Tree.StructureEquals(optimizer.ApplyGradients(gradients, AllOptimizers.Parameters()), gradients));
    }

    private sealed class Scheduled : Optimizer
    {
        internal Scheduled()
            : base(new Dictionary<string, Schedule> { ["momentum"] = Schedules.ExponentialDecay(0.5f, 0.5f) })
        {
        }

        internal List<float> Seen { get; } = [];

        protected override void InitSingle(MlxArray parameter, TreeDictionary state)
        {
        }

        protected override MlxArray ApplySingle(MlxArray gradient, MlxArray parameter, TreeDictionary state)
        {
            Seen.Add(State["momentum"].Array.Item<float>());
            return parameter - gradient;
        }
    }
}
