using DotMlx.Optimizers;

namespace DotMlx.Tests.Optimizers;

/// <summary>Small parameters that are updated as one flat array get the same bits as separately updated ones.</summary>
[TestFixture]
internal sealed class GroupedUpdateTests
{
    private static readonly string[] Names = AllOptimizers.Names;

    private static OptimizerBase Grouped(string name)
    {
        OptimizerBase optimizer = AllOptimizers.Make(name);
        optimizer.GroupSmallParameters = true;
        return optimizer;
    }

    private static (OptimizerBase Optimizer, TreeDictionary Parameters) AfterTwoUpdates(OptimizerBase optimizer) =>
        (optimizer, AllOptimizers.Run(optimizer, AllOptimizers.Parameters(), 0, 2));

    [TestCaseSource(nameof(Names))]
    public void GroupedUpdatesGiveTheSameBits(string name)
    {
        foreach (DType dtype in new[] { DType.Float32, DType.BFloat16 })
        {
            OptimizerBase plain = AllOptimizers.Make(name);
            OptimizerBase grouped = Grouped(name);
            TreeDictionary a = AllOptimizers.Parameters(dtype);
            TreeDictionary b = AllOptimizers.Parameters(dtype);
            for (int i = 0; i < 4; i++)
            {
                a = plain.ApplyGradients(AllOptimizers.Gradients(i, dtype), a);
                b = grouped.ApplyGradients(AllOptimizers.Gradients(i, dtype), b);
                Mx.Eval(b, grouped.State);
                Assert.That(AllOptimizers.Bits(b), Is.EqualTo(AllOptimizers.Bits(a)));
                Assert.That(AllOptimizers.Bits(grouped.State), Is.EqualTo(AllOptimizers.Bits(plain.State)));
            }
        }
    }

    [Test]
    public void StateChangedByTheCallerIsUsed()
    {
        OptimizerBase plain = AllOptimizers.Make("Adam");
        OptimizerBase grouped = Grouped("Adam");
        TreeDictionary a = AllOptimizers.Parameters();
        TreeDictionary b = AllOptimizers.Parameters();
        for (int i = 0; i < 8; i++)
        {
            TreeDictionary gradients = AllOptimizers.Gradients(i);
            if (i == 3)
            {
                gradients.Remove("scale");
            }

            a = (TreeDictionary)Tree.Merge(plain.ApplyGradients(gradients, a), a, (updated, _) => updated);
            b = (TreeDictionary)Tree.Merge(grouped.ApplyGradients(gradients, b), b, (updated, _) => updated);
            switch (i)
            {
                case 1:
                    Change(plain.State["layers"][0]["weight"], a);
                    Change(grouped.State["layers"][0]["weight"], b);
                    break;
                case 4:
                    grouped.GroupSmallParameters = false;
                    break;
                case 5:
                    grouped.GroupSmallParameters = true;
                    break;
                case 6:
                    plain.State = (TreeDictionary)plain.State.Copy();
                    grouped.State = (TreeDictionary)grouped.State.Copy();
                    break;
            }

            Assert.That(AllOptimizers.Bits(b), Is.EqualTo(AllOptimizers.Bits(a)), $"step {i}");
            Assert.That(AllOptimizers.Bits(grouped.State), Is.EqualTo(AllOptimizers.Bits(plain.State)), $"step {i}");
        }

        static void Change(Tree state, Tree parameters)
        {
            state["m"] = state["m"].Array * 2;
            parameters["layers"][0]["bias"] = parameters["layers"][0]["bias"].Array + 1;
        }
    }

    [Test]
    public void StateHeldByTheCallerStaysUnchanged()
    {
        (OptimizerBase plain, TreeDictionary a) = AfterTwoUpdates(AllOptimizers.Make("Adam"));
        (OptimizerBase grouped, TreeDictionary b) = AfterTwoUpdates(Grouped("Adam"));
        Tree copy = grouped.CaptureState();
        MlxArray held = grouped.State["layers"][0]["weight"]["m"].Array;
        float[] before = held.ToArray<float>();
        string bits = AllOptimizers.Bits(plain.State);
        a = AllOptimizers.Run(plain, a, 2, 4);
        b = AllOptimizers.Run(grouped, b, 2, 4);
        Assert.Multiple(() =>
        {
            Assert.That(held.ToArray<float>(), Is.EqualTo(before));
            Assert.That(grouped.State["layers"][0]["weight"]["m"].Array.ToArray<float>(), Is.Not.EqualTo(before));
            Assert.That(AllOptimizers.Bits(copy), Is.EqualTo(bits));
            Assert.That(AllOptimizers.Bits(grouped.State), Is.EqualTo(AllOptimizers.Bits(plain.State)));
            Assert.That(AllOptimizers.Bits(b), Is.EqualTo(AllOptimizers.Bits(a)));
        });
    }

    [Test]
    public void StateChangedInPlaceIsWhatTheNextUpdateStartsFrom()
    {
        (OptimizerBase plain, TreeDictionary a) = AfterTwoUpdates(AllOptimizers.Make("Adam"));
        (OptimizerBase grouped, TreeDictionary b) = AfterTwoUpdates(Grouped("Adam"));
        foreach (OptimizerBase optimizer in new[] { plain, grouped })
        {
            optimizer.State["layers"][0]["weight"]["v"].Array[0] = 0.5f;
        }

        Assert.That(AllOptimizers.Bits(AllOptimizers.Run(grouped, b, 2, 4)),
            Is.EqualTo(AllOptimizers.Bits(AllOptimizers.Run(plain, a, 2, 4))));
        Assert.That(AllOptimizers.Bits(grouped.State), Is.EqualTo(AllOptimizers.Bits(plain.State)));
    }

    [Test]
    public void StateTakenOverFromAnotherParameterIsWhatTheNextUpdateStartsFrom()
    {
        Assert.That(Bits(Grouped("Adam")), Is.EqualTo(Bits(AllOptimizers.Make("Adam"))));

        static string Bits(OptimizerBase optimizer)
        {
            TreeDictionary parameters = Values(0), gradients = Values(1);
            parameters = optimizer.ApplyGradients(gradients, parameters);
            (optimizer.State["a"]["m"], optimizer.State["b"]["m"]) = (optimizer.State["b"]["m"], optimizer.State["a"]["m"]);
            parameters = optimizer.ApplyGradients(gradients, parameters);
            return AllOptimizers.Bits(parameters) + AllOptimizers.Bits(optimizer.State);
        }

        static TreeDictionary Values(float first) => new()
        {
            ["a"] = MlxArray.Create([first, 2f], 2), ["b"] = MlxArray.Create([3f, 4f], 2), ["c"] = MlxArray.Create([5f, 6f], 2),
            ["d"] = MlxArray.Create([7f, 8f], 2),
        };
    }

    [Test]
    public void UnreadStateIsNotSplitIntoLeaves()
    {
        OptimizerBase optimizer = Grouped("Adam");
        TreeDictionary parameters = AllOptimizers.Run(optimizer, AllOptimizers.Parameters(), 0, 2);
        TreeDictionary gradients = AllOptimizers.Gradients(2);
        HandleCount.Settle();
        long before = LiveArrays.CreatedTotal;
        TreeDictionary updated = optimizer.ApplyGradients(gradients, parameters);
        Mx.Eval(updated, optimizer.State);
        long unread = LiveArrays.CreatedTotal - before;
        int entries = optimizer.State.LeafCount - 2;
        _ = AllOptimizers.Bits(optimizer.State);
        Assert.That(LiveArrays.CreatedTotal - before - unread, Is.GreaterThanOrEqualTo(entries));
        Assert.That(unread, Is.LessThan(updated.LeafCount + entries));
    }

    [Test]
    public void NoHandleIsLeftBehind()
    {
        OptimizerBase optimizer = Grouped("AdamW");
        TreeDictionary parameters = AllOptimizers.Parameters();
        TreeDictionary gradients = AllOptimizers.Gradients(1);
        long[] live = new long[12];
        for (int i = 0; i < live.Length; i++)
        {
            TreeDictionary updated = optimizer.ApplyGradients(gradients, parameters);
            Mx.Eval(updated, optimizer.State);
            parameters.DisposeArrays();
            parameters = updated;
            HandleCount.Settle();
            live[i] = LiveArrays.Count;
        }

        Assert.That(live[2..], Is.All.EqualTo(live[1]));
    }

    [Test]
    public void GroupedStateIsSavedAndRestored() => AllOptimizers.AssertContinues(Grouped("Adam"), Grouped("Adam"));
}
