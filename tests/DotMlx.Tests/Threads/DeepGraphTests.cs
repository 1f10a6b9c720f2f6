namespace DotMlx.Tests.Threads;

/// <summary>Long chains of operations on threads with small stacks, such as macOS gives to all threads but the main one.</summary>
public sealed class DeepGraphTests
{
    private const int Nodes = 50_000;
    private const int SmallStack = 512 << 10;

    // The part of the message about a chain of these nodes.
    private const int NamedStack = 16 << 20;

    [Test]
    public void ALongChainIsEvaluatedAndFreedOnASmallStack() => OnSmallStack(() =>
    {
        using MlxArray sum = Chain(Mx.Zeros(1));
        Assert.That(sum.Item<float>(), Is.EqualTo(Nodes));
    });

    [Test]
    public void ALongUnevaluatedChainIsFreedOnASmallStack() => OnSmallStack(() => Chain(Mx.Zeros(1)).Dispose());

    [Test]
    public void ALongChainIsEvaluatedOnTheLibrarysOwnThread()
    {
        using MlxArray sum = Chain(Mx.Zeros(1));
        sum.EvalAsync().Wait();
        Assert.That(sum.Item<float>(), Is.EqualTo(Nodes));
    }

    [Test]
    public void TheLibrarysOwnThreadHasMoreStackThanAnySystemGives()
    {
        long? left = null;
        StreamThread.Run(() => left = ThreadStack.Left);
        Assert.That(left, Is.GreaterThan(NamedStack / 2), "8 MB is the most that a system gives a thread by itself");
    }

    private static readonly (string Name, Func<MlxArray, MlxArray> Transformed)[] Transforms =
    [
        ("grad", x => Mx.Grad((MlxArray a) => Mx.Sum(Short(a)))(x)), ("vjp", x => Mx.Vjp(Short, x, Mx.Ones(1)).Vjp),
        ("jvp", x => Mx.Jvp(Short, x, Mx.Ones(1)).Jvp), ("compile", x => Mx.Compile((MlxArray a) => Short(a))(x)),
        ("compiled gradient", x => Mx.Compile((MlxArray a) => Mx.Grad((MlxArray b) => Mx.Sum(Short(b)))(a))(x)),
    ];

    [Test]
    [RequiresMlx("the reference library needs no stack")]
    public void TransformsOfALongChainAreRefusedOnASmallStack() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        foreach ((string name, Func<MlxArray, MlxArray> transformed) in Transforms)
        {
            Assert.That(
                () => transformed(Mx.Zeros(1)),
                Throws.TypeOf<InsufficientExecutionStackException>()
                    .With.Message.Contains("maxStackSize").And.Message.Contains("nodes deep"),
                name);
        }

        // A refused call leaves nothing behind.
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(x * x))(Mx.Ones(1)).Item<float>(), Is.EqualTo(2));
    });

    [Test]
    public void TransformsOfALongChainWorkOnTheStackThatTheMessageNames() => OnThread(NamedStack, () =>
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(Chain(x)))(Mx.Zeros(1)).Item<float>(), Is.EqualTo(1));
        Assert.That(Mx.Compile((MlxArray x) => Chain(x))(Mx.Zeros(1)).Item<float>(), Is.EqualTo(Nodes));
    });

    [Test]
    [RequiresMlx("the reference library needs no stack")]
    public void AChainThatWasThereBeforeTheTransformIsSeen() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        MlxArray chain = Chain(Mx.Zeros(1));
        Assert.That(() => Mx.Grad((MlxArray x) => Mx.Sum(x * chain))(Mx.Ones(1)), Throws.TypeOf<InsufficientExecutionStackException>());
        chain.Eval();
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(x * chain))(Mx.Ones(1)).Item<float>(), Is.EqualTo(Nodes));
    });

    [Test]
    [RequiresMlx("the reference library needs no stack")]
    public void AChainOfAnotherThreadIsSeen([Values] bool extended)
    {
        using var scope = MlxScope.Begin();
        MlxArray chain = Mx.Zeros(1);
        OnThread(NamedStack, () => chain = Chain(Mx.Zeros(1)));
        OnThread(SmallStack, () =>
        {
            MlxArray captured = extended ? chain * 2 : chain;
            MlxArray Captures(MlxArray x) => Mx.Sum(x * captured);
            Assert.That(() => Mx.Grad(Captures)(Mx.Ones(1)), Throws.TypeOf<InsufficientExecutionStackException>());
            captured.Eval();
            Assert.That(Mx.Grad(Captures)(Mx.Ones(1)).Item<float>(), Is.EqualTo(extended ? 2 * Nodes : Nodes));
        });
    }

    // MLX stops at the arguments, however deep the graph behind them is.
    [Test]
    public void AnArgumentMayBeTheEndOfALongChain() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        MlxArray chain = Chain(Mx.Zeros(1));
        Assert.That(Mx.Grad((MlxArray x) => Mx.Sum(x * x))(chain).Item<float>(), Is.EqualTo(2 * Nodes));
        chain = Chain(Mx.Zeros(1));
        Assert.That(Mx.Compile((MlxArray x) => x * 2)(chain).Item<float>(), Is.EqualTo(2 * Nodes));
    });

    [Test]
    public void AGraphThatIsOnlyWideIsDifferentiatedOnASmallStack() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        Assert.That(Mx.Grad(Wide)(Mx.Ones(1)).Item<float>(), Is.EqualTo(Nodes));
    });

    // Builds a tree of sums.
    private static MlxArray Wide(MlxArray x)
    {
        Queue<MlxArray> sums = new(Enumerable.Range(0, Nodes / 2).Select(_ => x * 2));
        while (sums.Count > 1)
        {
            sums.Enqueue(sums.Dequeue() + sums.Dequeue());
        }

        return Mx.Sum(sums.Dequeue());
    }

    [Test]
    [RequiresMlx("vmap")]
    public void VectorizingALongChainIsRefusedOnASmallStack() => OnThread(SmallStack, () =>
    {
        using var scope = MlxScope.Begin();
        Assert.That(() => Mx.Vmap((MlxArray x) => Short(x))(Mx.Zeros(2, 1)), Throws.TypeOf<InsufficientExecutionStackException>());
    });

    private static MlxArray Chain(MlxArray first) => Chain(first, Nodes);

    private static MlxArray Short(MlxArray first) => Chain(first, 5000);

    private static MlxArray Chain(MlxArray first, int nodes)
    {
        MlxArray sum = first;
        for (int i = 0; i < nodes; i++)
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
