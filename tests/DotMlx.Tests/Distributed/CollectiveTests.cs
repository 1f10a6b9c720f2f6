namespace DotMlx.Tests.Distributed;

[RequiresMlx("several processes")]
public class CollectiveTests
{
    [TestCase(2)]
    [TestCase(4)]
    public void Every_rank_computes_the_same_and_sends_to_its_neighbors(int size)
    {
        RankProcesses.Result[] results = Ring.Run(size, "compute");
        for (int rank = 0; rank < size; rank++)
        {
            results[rank].AssertSucceeded();
            Assert.That(results[rank].Output.Trim(), Is.EqualTo($"{rank} of {size}\n{(rank + size - 1) % size} 42"));
        }
    }

    [Test]
    public void A_rank_may_work_on_after_the_others_have_left()
    {
        RankProcesses.Result[] results = Ring.Run(3, "leave");
        foreach (RankProcesses.Result result in results)
        {
            result.AssertSucceeded();
        }

        Assert.That(results[0].Output.Trim(), Is.EqualTo("1"));
    }
}
