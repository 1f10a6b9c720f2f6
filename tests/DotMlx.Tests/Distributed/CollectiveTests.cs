namespace DotMlx.Tests.Distributed;

[RequiresMlx("several processes")]
public class CollectiveTests
{
    [TestCase(2)]
    [TestCase(4)]
    public void EveryRankComputesTheSameAndSendsToItsNeighbors(int size)
    {
        RankProcesses.Result[] results = Ring.Run(size, "compute");
        for (int rank = 0; rank < size; rank++)
        {
            results[rank].AssertSucceeded();
            Assert.That(results[rank].Output.Trim(), Is.EqualTo($"{rank} of {size}\n{(rank + size - 1) % size} 42"));
        }
    }

    [Test]
    public void ARankMayWorkOnAfterTheOthersHaveLeft()
    {
        RankProcesses.Result[] results = Ring.Run(3, "leave");
        foreach (RankProcesses.Result result in results)
        {
            result.AssertSucceeded();
        }

        Assert.That(results[0].Output.Trim(), Is.EqualTo("1"));
    }
}
