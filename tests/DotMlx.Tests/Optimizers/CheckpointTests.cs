using System.Diagnostics;
using DotMlx.Optimizers;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests.Optimizers;

[TestFixture]
internal sealed class CheckpointTests
{
    private static readonly string[] Names = AllOptimizers.Names;

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dotmlx").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCaseSource(nameof(Names))]
    public void ANewProcessContinuesBitForBit(string name)
    {
        OptimizerBase straight = AllOptimizers.Make(name);
        TreeDictionary parameters = AllOptimizers.Run(straight, AllOptimizers.Parameters(), 0, 8);

        OptimizerBase first = AllOptimizers.Make(name);
        TreeDictionary weights = (TreeDictionary)AllOptimizers.Run(first, AllOptimizers.Parameters(), 0, 3);
        weights.Save(File("weights"));
        first.Save(File("state"));
        RunChild("continue-training", name, File("weights"), File("state"));

        Assert.That(AllOptimizers.Bits(TreeDictionary.Load(File("weights"))), Is.EqualTo(AllOptimizers.Bits(parameters)));
        Assert.That(AllOptimizers.Bits(TreeDictionary.Load(File("state"))), Is.EqualTo(AllOptimizers.Bits(straight.State)));
    }

    /// <summary>The child process restores the checkpoint, takes five more steps, and saves.</summary>
    internal static int ContinueTraining(string name, string weights, string state)
    {
        OptimizerBase optimizer = AllOptimizers.Make(name);
        TreeDictionary parameters = TreeDictionary.Load(weights);

        // The empty module isn't in the file.
        optimizer.Load(state, parameters);
        TreeDictionary updated = AllOptimizers.Run(optimizer, parameters, 3, 8);
        ((TreeDictionary)updated).Save(weights);
        optimizer.Save(state);
        return 0;
    }

    [Test]
    public void TheStateOfPythonIsTakenThroughState()
    {
        Adam first = new(0.1f, biasCorrection: true);
        TreeDictionary parameters = AllOptimizers.Run(first, AllOptimizers.Parameters(), 0, 3);
        Mx.SaveSafetensors(File("python"), first.State.Flatten());
        Adam second = new(0.7f, biasCorrection: true);
        second.State = TreeDictionary.Load(File("python"));
        Assert.That(second.Step.DType, Is.EqualTo(DType.UInt64));
        Assert.That(
            AllOptimizers.Bits(AllOptimizers.Run(second, parameters, 3, 5)),
            Is.EqualTo(AllOptimizers.Bits(AllOptimizers.Run(first, parameters, 3, 5))));
    }

    [Test]
    public void DictionariesWithNumberKeysComeBack()
    {
        TreeDictionary parameters = new()
            { ["blocks"] = new TreeDictionary { ["0"] = MlxArray.Create([1f]), ["3"] = MlxArray.Create([2f]) } };
        SGD first = new(0.1f, momentum: 0.9f);
        first.ApplyGradients(parameters, parameters);
        first.Save(File("numbers"));
        SGD second = new(0.1f, momentum: 0.9f);
        second.Load(File("numbers"));
        Assert.That(
            AllOptimizers.Bits(second.ApplyGradients(parameters, parameters)),
            Is.EqualTo(AllOptimizers.Bits(first.ApplyGradients(parameters, parameters))));
    }

    [Test]
    public void UnfrozenParametersStartAnew()
    {
        TreeDictionary all = AllOptimizers.Parameters();
        TreeDictionary part = new() { ["scale"] = all["scale"] };
        Adam first = new(0.1f);
        first.ApplyGradients(part, part);
        first.Save(File("part"));
        Adam second = new(0.1f);
        Assert.That(() => second.Load(File("part"), all),
            Throws.InstanceOf<OptimizerStateException>().With.Message.Contains("'layers.0.weight.m' is missing"));
        second.Load(File("part"), all, allowMissing: true);
        second.ApplyGradients(all, all);
        Assert.That(second.State["layers"][0]["weight"], Is.InstanceOf<TreeDictionary>());
        Assert.That(second.Step.Item<ulong>(), Is.EqualTo(2));
    }

    [Test]
    public void AFileThatDoesNotFitChangesNothingAndEveryMismatchIsListed()
    {
        TreeDictionary parameters = AllOptimizers.Parameters();
        Adam optimizer = new(0.1f);
        AllOptimizers.Run(optimizer, parameters, 0, 2);
        TreeDictionary broken = (TreeDictionary)optimizer.State.Copy();
        broken.Remove("learning_rate");
        ((TreeDictionary)broken["layers"][0]["weight"]).Remove("m");
        broken["scale"]["v"] = MlxArray.Create([1f, 2f]);
        broken["scale"]["u"] = MlxArray.Create([1f]);
        broken["stranger"] = new TreeDictionary { ["m"] = MlxArray.Create([1f]) };
        broken.Save(File("broken"));

        string before = AllOptimizers.Bits(optimizer.State);
        foreach (TreeDictionary? against in new TreeDictionary?[] { parameters, null })
        {
            OptimizerStateException error = Assert.Throws<OptimizerStateException>(() => optimizer.Load(File("broken"), against))!;
            Assert.That(error.Mismatches, Has.Count.EqualTo(5));
            Assert.That(error.Message, Does.Contain("'learning_rate' is missing"));
            Assert.That(error.Message, Does.Contain("'layers.0.weight.m' is missing, expected float32 [4, 3]"));
            Assert.That(error.Message, Does.Contain("'scale.v' is float32 [2], expected float32 [1]"));
            Assert.That(error.Message, Does.Contain("'scale.u' is not expected"));
            Assert.That(error.Message, Does.Contain("'stranger.m' is not expected"));
            Assert.That(AllOptimizers.Bits(optimizer.State), Is.EqualTo(before));
        }
    }

    [Test]
    public void AnotherOptimizersStateIsRefused()
    {
        SGD sgd = new(0.1f, momentum: 0.9f);
        AllOptimizers.Run(sgd, AllOptimizers.Parameters(), 0, 1);
        sgd.Save(File("sgd"));
        Mx.SaveSafetensors(File("python"), sgd.State.Flatten());

        Assert.That(() => new RMSprop(0.1f).Load(File("sgd")), Throws.InstanceOf<OptimizerStateException>().With.Message.Contains("SGD"));
        Assert.That(() => new Adam(0.1f).Load(File("python")),
            Throws.InstanceOf<OptimizerStateException>().With.Message.Contains("'layers.0.weight'").And.Message.Contains("(m, v)"));
        Assert.That(() => new MultiOptimizer([new SGD(0.1f)]).Load(File("python")),
            Throws.InstanceOf<OptimizerStateException>().With.Message.Contains("'states'"));
        Assert.That(() => new Adam(0.1f).Load(File("none")), Throws.InstanceOf<FileNotFoundException>());
    }

    [Test]
    public void AdamAndAdamWShareTheirState()
    {
        Adam adam = new(0.1f);
        AllOptimizers.Run(adam, AllOptimizers.Parameters(), 0, 1);
        adam.Save(File("adam"));
        Assert.That(() => new AdamW(0.1f).Load(File("adam"), AllOptimizers.Parameters()), Throws.Nothing);
    }

    [Test]
    public void AFailedSaveLeavesTheOldFile()
    {
        Adam adam = new(0.1f);
        adam.Save(File("state"));
        byte[] before = System.IO.File.ReadAllBytes(File("state"));
        adam.State["wide"] = MlxArray.Create([1.0]);
        Assert.That(() => adam.Save(File("state")), Throws.ArgumentException.With.Message.Contains("'wide'"));
        Assert.That(System.IO.File.ReadAllBytes(File("state")), Is.EqualTo(before));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void AProcessThatDiesWhileItSavesLeavesAWholeFile()
    {
        TreeDictionary parameters = AllOptimizers.Parameters();
        Random random = new(1);
        ulong steps = 0;
        for (int death = 0; death < 4; death++)
        {
            using Process child = StartChild("save-for-ever", File("state"));
            try
            {
                // Waits for the first or the next save; the child then dies at any moment of the following ones.
                DateTime before = Saved();
                Assert.That(SpinWait.SpinUntil(() => Saved() > before || child.HasExited, TimeSpan.FromMinutes(2))
                    && !child.HasExited, "the child saves");
                Thread.Sleep(random.Next(40));
            }
            finally
            {
                child.Kill(entireProcessTree: true);
                child.WaitForExit();
            }

            Adam restored = new(0.1f);
            Assert.That(() => restored.Load(File("state"), parameters), Throws.Nothing, $"death {death}");
            Assert.That(restored.Step.Item<ulong>(), Is.GreaterThan(steps));
            steps = restored.Step.Item<ulong>();
        }

        DateTime Saved() => System.IO.File.Exists(File("state")) ? System.IO.File.GetLastWriteTimeUtc(File("state")) : DateTime.MinValue;
    }

    /// <summary>The child process continues from the checkpoint and saves after every step, until it is killed.</summary>
    internal static int SaveForEver(string state)
    {
        Adam optimizer = new(0.1f);
        TreeDictionary parameters = AllOptimizers.Parameters();
        if (System.IO.File.Exists(state))
        {
            optimizer.Load(state, parameters);
        }

        for (int step = 0; ; step++)
        {
            parameters = AllOptimizers.Run(optimizer, parameters, step, step + 1);
            optimizer.Save(state);
        }
    }

    [Test]
    public void ALoadedStateBelongsToNoScope()
    {
        Adam first = new(0.1f);
        TreeDictionary parameters = AllOptimizers.Run(first, AllOptimizers.Parameters(), 0, 1);
        first.Save(File("state"));
        Adam second = new(0.1f);
        using (MlxScope.Begin())
        {
            second.Load(File("state"));
        }

        Assert.That(() => AllOptimizers.Run(second, parameters, 1, 2), Throws.Nothing);
    }

    [TestCase("x")]
    [TestCase("state.v1")]
    public void SaveAndLoadAgreeOnTheName(string name)
    {
        Adam first = new(0.25);
        string path = Path.Combine(_folder, name);
        first.Save(path);
        Assert.That(System.IO.File.Exists(path + ".safetensors"));
        Adam second = new(0.5);
        second.Load(path);
        Assert.That(second.LearningRate.Item<float>(), Is.EqualTo(0.25f));
        first.Save(Path.Combine(_folder, "UPPER.SAFETENSORS"));
        Assert.That(System.IO.File.Exists(Path.Combine(_folder, "UPPER.SAFETENSORS")));
        second.Load(Path.Combine(_folder, "UPPER.SAFETENSORS"));
    }

    [Test]
    public void AWholeLearningRateOfPythonIsTaken()
    {
        SGD first = new(0.5, momentum: 0.9);
        TreeDictionary parameters = (TreeDictionary)AllOptimizers.Run(first, AllOptimizers.Parameters(), 0, 1);
        TreeDictionary state = (TreeDictionary)first.State.Copy();
        state["learning_rate"] = MlxArray.Scalar(1);
        Mx.SaveSafetensors(File("python"), state.Flatten());
        SGD second = new(0.1, momentum: 0.9);
        second.Load(File("python"), parameters);
        Assert.That(second.LearningRate.Item<float>(), Is.EqualTo(1f));
        Assert.That(() => AllOptimizers.Run(second, parameters, 1, 2), Throws.Nothing);
    }

    [Test]
    public void EntriesThatAFileWasWrittenWithAreMissed()
    {
        Adafactor first = new();
        AllOptimizers.Run(first, AllOptimizers.Parameters(), 0, 1);
        first.Save(File("state"));
        SafetensorsFile file = Mx.LoadSafetensors(File("state"));
        Mx.SaveSafetensors(File("broken"), file.Where(item => item.Key != "layers.0.weight.exp_avg_sq_col"), file.Metadata);
        Assert.That(
            () => new Adafactor().Load(File("broken")),
            Throws.InstanceOf<OptimizerStateException>().With.Message.Contains("'layers.0.weight'").And.Message
                .Contains("(exp_avg_sq_col, exp_avg_sq_row)"));
    }

    private string File(string name) => Path.Combine(_folder, name + ".safetensors");

    private static void RunChild(params string[] arguments)
    {
        using Process child = StartChild(arguments);
        Task<string> errors = child.StandardError.ReadToEndAsync();
        child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.That(child.ExitCode, Is.Zero, errors.Result);
    }

    private static Process StartChild(params string[] arguments) =>
        Process.Start(OwnProgram.Start(typeof(CheckpointTests).Assembly.Location, arguments))!;
}
