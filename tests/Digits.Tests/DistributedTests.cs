using DotMlx.Tests;

namespace DotMlx.Samples.Digits.Tests;

/// <summary>Runs the sample in several processes, as <c>dotnet mlx launch</c> would.</summary>
internal sealed class DistributedTests
{
    private const double Tolerance = 1e-5;

    private static string Program => typeof(DigitsCommand).Assembly.Location;

    [SetUp]
    public void NeedsMlx()
    {
        if (MlxLibrary.Kind == MlxLibraryKind.Reference)
        {
            Assert.Ignore("Needs MLX: several processes.");
        }
    }

    [Test]
    public void AnyNumberOfProcessesTrainsTheSameModelAndResumesAnyOther()
    {
        // Two epochs have 23 batches. The last batch of each, with 38 digits, can't be divided by four.
        using var alone = new Sample();
        alone.Run("--epochs=2", "--optimizer=sgd", "--batch-size=50").AssertSucceeded();

        using var four = new RankProcesses(4);
        string output = Path.Combine(four.Folder, "out");
        RankProcesses.Result[] first = four.RunAll(Program, "--distributed", "--epochs=1", "--optimizer=sgd", "--batch-size=50",
            "--output", output);
        foreach (RankProcesses.Result result in first)
        {
            result.AssertSucceeded();
        }

        Assert.That(first[0].Output,
            Does.Contain("4 processes, 13 of 50 digits each per step").And.Contain("epoch 1/1").And.Contain("held-out accuracy"));
        Assert.That(first.Skip(1).Select(result => result.Output), Is.All.Empty);
        Assert.That(Directory.GetFiles(output).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { DigitsCommand.CheckpointName, DigitsCommand.CurvesName }));

        using var two = new RankProcesses(2);
        foreach (RankProcesses.Result result in two.RunAll(Program, "--distributed", "--resume", "--epochs=1", "--output", output))
        {
            result.AssertSucceeded();
        }

        AssertClose(Path.Combine(output, DigitsCommand.CheckpointName), alone.CheckpointPath);
    }

    [Test]
    public void AProcessThatIsKilledEndsTheOthersAndTheLastCheckpointResumes()
    {
        using var ranks = new RankProcesses(4);
        string output = Path.Combine(ranks.Folder, "out");
        string checkpoint = Path.Combine(output, DigitsCommand.CheckpointName);
        System.Diagnostics.Process? victim = null;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            System.Diagnostics.Process started = ranks.StartRank(rank, Program, "--distributed", "--epochs=400", "--output", output);
            victim = rank == 2 ? started : victim;
        }

        Assert.That(() => File.Exists(checkpoint), Is.True.After(60_000, 50), "no checkpoint was written");
        victim!.Kill();
        RankProcesses.Result[] results = ranks.WaitForAll();
        foreach (int rank in new[] { 0, 1, 3 })
        {
            Assert.That(results[rank].Exit, Is.EqualTo(DigitsCommand.BadInput), results[rank].Errors);
            Assert.That(results[rank].Errors, Does.Contain("has closed its connection").And.Contain("last checkpoint"));
        }

        int done = Checkpoint.Load(checkpoint).State["history"].Array.Shape[0];
        using var two = new RankProcesses(2);
        RankProcesses.Result[] resumed = two.RunAll(Program, "--distributed", "--resume", "--epochs=1", "--output", output);
        foreach (RankProcesses.Result result in resumed)
        {
            result.AssertSucceeded();
        }

        Assert.That(resumed[0].Output, Does.Contain($"epoch {done + 1}/{done + 1}"));
    }

    [Test]
    public void AMissingCheckpointIsReportedOnceWithItsReason()
    {
        using var ranks = new RankProcesses(2);
        RankProcesses.Result[] results = ranks.RunAll(Program, "--distributed", "--resume", "--output", Path.Combine(ranks.Folder, "none"));
        Assert.That(results.Select(result => result.Exit), Is.All.EqualTo(DigitsCommand.BadInput));
        Assert.That(results[0].Errors, Does.Contain("there is no checkpoint"));
        Assert.That(results[1].Errors, Does.Contain("rank 0 could not read the checkpoint"));
    }

    private static void AssertClose(string actual, string expected)
    {
        Tree trained = Checkpoint.Load(actual).State["model"];
        foreach ((string path, MlxArray array) in Checkpoint.Load(expected).State["model"].Flatten())
        {
            float[] whole = array.ToArray<float>();
            Assert.That(trained.Find(path).Array.ToArray<float>(), Is.EqualTo(whole).Within(Tolerance * whole.Max(Math.Abs)), path);
        }
    }
}
