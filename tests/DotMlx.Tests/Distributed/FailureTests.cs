namespace DotMlx.Tests.Distributed;

/// <summary>A failure between processes becomes an exception in all of them, and its message says what to do.</summary>
[RequiresMlx("several processes")]
public class FailureTests
{
    private static readonly (string Kind, string Most, string Odd)[] Differences =
    [
        ("shape", "all_sum of float32 (3)", "all_sum of float32 (4)"),
        ("dtype", "all_max of float32 (2, 3)", "all_max of int32 (2, 3)"),
        ("operation", "all_sum of float32 (5)", "all_gather of float32 (5)"),
        ("tree", "'b.weight', float32 (2, 2)", "'b.weight', float32 (3, 2)"),
        ("later", "all_sum of float32 (4)", "all_sum of float32 (3)"),
    ];

    [Test]
    public void RanksThatCallWithOtherShapesAreTold()
    {
        RankProcesses.Result[] results = Ring.Run(3, "shapes", [.. Differences.Select(difference => difference.Kind)]);
        for (int rank = 0; rank < results.Length; rank++)
        {
            results[rank].AssertSucceeded();
            string[] lines = results[rank].Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i < Differences.Length; i++)
            {
                (string kind, string most, string odd) = Differences[i];
                string Name(int other) => other == rank ? $"{other} (this one)" : $"{other}";
                Assert.That(lines[i], Does.StartWith(kind + ": The ranks do not agree: ").And
                    .Contain($"rank {Name(0)}, {Name(1)} calls").And.Contain($"rank {Name(2)} calls").And.Contain(most).And.Contain(odd));
            }
        }
    }

    [TestCase(4)]
    [TestCase(2, "async")]
    [RequiresNewerMlxc("MLX 0.31.1 waits at the end of the process for what was given up")]
    public void ARankThatIsKilledEndsTheOthers(int size, params string[] arguments)
    {
        RankProcesses.Result[] results = Ring.Run(size, "die", arguments);
        int killed = size - 2;
        for (int rank = 0; rank < size; rank++)
        {
            if (rank != killed)
            {
                Ring.AssertFailed(results[rank], "has closed its connection", "last checkpoint");
            }
        }

        Assert.That(results[killed].Exit, Is.Not.Zero);
        Ring.AssertFailed(results[(killed + 1) % size], $"Rank {killed} of {size}");
    }

    [Test]
    public void ARankThatNeverComesIsWaitedForOnlySoLong()
    {
        using Ring ring = new(3);
        ring.Start(0, "late", "2");
        Ring.AssertFailed(ring.WaitForAll()[0], "Rank 0 of 3", "waited 2 s", "rank 2 never called", "rank 1 could not be reached");
    }

    [Test]
    public void ARankThatNeverComesIsWaitedForOnlySoLongByNCCLToo()
    {
        if (!Mx.Distributed.IsAvailable("nccl"))
        {
            Assert.Ignore("Needs an MLX with NCCL.");
        }

        using Ring ring = new(1);
        int port = RankProcesses.FreePorts(1)[0];
        Dictionary<string, string> environment = new()
        {
            ["MLX_RANK"] = "0", ["MLX_WORLD_SIZE"] = "2", ["NCCL_HOST_IP"] = "127.0.0.1", ["NCCL_PORT"] = $"{port}",
        };
        ring.StartRank(environment, typeof(Ring).Assembly.Location, "rank", ring.Folder, "late", "3");
        Ring.AssertFailed(ring.WaitForAll()[0], "Rank 0 of 2", "waited 3 s", $"127.0.0.1:{port}");
    }

    [Test]
    [RequiresNewerMlxc("MLX 0.31.1 waits at the end of the process for what was given up")]
    public void ARankThatStandsStillIsWaitedForOnlySoLong()
    {
        using Ring ring = new(2);
        ring.Start(0, "stand-still");
        System.Diagnostics.Process second = ring.Start(1, "stand-still");
        RankProcesses.Result waiting = ring.WaitFor(0);
        second.Kill();
        Ring.AssertFailed(waiting, "rank 0 of 2", "has waited 2 s", "Mx.Distributed.Timeout");
    }
}
