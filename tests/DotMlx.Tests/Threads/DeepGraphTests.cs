namespace DotMlx.Tests.Threads;

/// <summary>Long chains of operations on threads with small stacks, as macOS gives them to all but the first.</summary>
public sealed class DeepGraphTests
{
    private const int Nodes = 50_000;
    private const int SmallStack = 512 << 10;

    [Test]
    public void ALongChainIsEvaluatedAndFreedOnASmallStack() => OnSmallStack(() =>
    {
        using MlxArray sum = Chain(Mx.Zeros(1));
        Assert.That(sum.Item<float>(), Is.EqualTo(Nodes));
    });

    [Test]
    public void ALongChainThatNobodyEvaluatesIsFreedOnASmallStack() => OnSmallStack(() => Chain(Mx.Zeros(1)).Dispose());

    [Test]
    public void ALongChainIsEvaluatedOnTheLibrarysOwnThread()
    {
        using MlxArray sum = Chain(Mx.Zeros(1));
        sum.EvalAsync().Wait();
        Assert.That(sum.Item<float>(), Is.EqualTo(Nodes));
    }

    private static MlxArray Chain(MlxArray first)
    {
        MlxArray sum = first;
        for (int i = 0; i < Nodes; i++)
        {
            MlxArray next = sum + 1;
            sum.Dispose();
            sum = next;
        }

        return sum;
    }

    private static void OnSmallStack(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception e)
                {
                    failure = e;
                }
            },
            SmallStack);
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }
}
