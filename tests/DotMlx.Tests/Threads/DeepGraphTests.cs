namespace DotMlx.Tests.Threads;

/// <summary>Long chains of operations on threads with small stacks, as macOS gives them to all but the first.</summary>
public sealed class DeepGraphTests
{
    private const int Nodes = 50_000;
    private const int SmallStack = 512 << 10;
    private const int LargeStack = 64 << 20;

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

    private static readonly (string Name, Func<MlxArray, MlxArray> Transformed)[] Transforms =
    [
        ("grad", x => Mx.Grad((MlxArray a) => Mx.Sum(Chain(a)))(x)), ("vjp", x => Mx.Vjp(Chain, x, Mx.Ones(1)).Vjp),
        ("jvp", x => Mx.Jvp(Chain, x, Mx.Ones(1)).Jvp), ("compile", x => Mx.Compile((MlxArray a) => Chain(a))(x)),
        ("compiled gradient", x => Mx.Compile((MlxArray a) => Mx.Grad((MlxArray b) => Mx.Sum(Chain(b)))(a))(x)),
    ];

    [Test]
    public void TransformsOfALongChainAreRefusedOnASmallStack() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        foreach ((string name, Func<MlxArray, MlxArray> transformed) in Transforms)
        {
            Assert.That(
                () => transformed(Mx.Zeros(1)),
                Throws.TypeOf<InsufficientExecutionStackException>().With.Message.Contains("maxStackSize").And.Message
                    .Contains("operations"),
                name);
        }

        // What was refused leaves nothing behind.
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(x * x))(Mx.Ones(1)).Item<float>(), Is.EqualTo(2));
    });

    [Test]
    public void ALongChainIsDifferentiatedOnALargeStack() => OnThread(LargeStack, () =>
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(Chain(x)))(Mx.Zeros(1)).Item<float>(), Is.EqualTo(1));
    });

    [Test]
    [RequiresMlx("vmap")]
    public void VectorizingALongChainIsRefusedOnASmallStack() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        Assert.That(() => Mx.Vmap((MlxArray x) => Chain(x))(Mx.Zeros(2, 1)), Throws.TypeOf<InsufficientExecutionStackException>());
    });

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

    private static void OnSmallStack(Action action) => OnThread(SmallStack, action);

    private static void OnThread(int stack, Action action)
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
            stack);
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }
}
