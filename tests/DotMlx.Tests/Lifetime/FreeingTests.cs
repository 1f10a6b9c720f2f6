using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Lifetime;

/// <summary>Freeing never waits for an evaluation: handles that are freed during one are queued and freed when it ends.</summary>
[NonParallelizable]
public class FreeingTests
{
    private const int Megabyte = 1 << 20;

    // Creates an array of one MiB.
    private const int Length = Megabyte / sizeof(float);

    // A limit for failing tests, which would hang.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static IEnumerable<TestCaseData> Ways()
    {
        yield return Way("Dispose", () =>
        {
            MlxArray array = Make();
            array.Dispose();
            array.Dispose();
        });
        yield return Way("Dispose in another order", () =>
        {
            MlxArray first = Make(), second = Make();
            first.Dispose();
            second.Dispose();
        });
        yield return Way("Scope", () =>
        {
            using MlxScope scope = MlxScope.Begin();
            _ = Make() + Make();
        });
        yield return Way("Tree", () => new TreeDictionary { ["a"] = Make(), ["b"] = new TreeList { Make() } }.DisposeArrays());
        yield return Way("In place", () =>
        {
            using MlxArray array = Make();
            array[0] = 1f;
        });
        yield return Way("Forget", () =>
        {
            Forget();
            HandleCount.Settle();

            // A thread that makes arrays frees unreachable ones.
            for (int i = 0; i < 1000; i++)
            {
                MlxArray.Create([(float)i], 1).Dispose();
            }
        });

        static TestCaseData Way(string name, Action free) => new TestCaseData(free).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Ways))]
    public void WaitsForNoEvaluation(Action free)
    {
        using HandleCount handles = HandleCount.NoneLeft();
        long before = Mx.GetActiveMemory();
        using (OngoingEvaluation evaluation = OngoingEvaluation.Begin())
        {
            Assert.That(Task.Run(free).Wait(Patience), Is.True, "freeing waits for the evaluation of another thread");
            Assert.That(evaluation.HasEnded, Is.False);
            Assert.That(Mx.GetActiveMemory() - before, Is.GreaterThan(Megabyte - (4 << 10)), "freed while MLX may be looking at its graph");
        }

        HandleCount.Settle();
        Assert.That(handles.Left, Is.Zero);
        ActiveMemory.FallsBelow(before, Megabyte);
    }

    [Test]
    public void AFreeOnTheEvaluatingThreadWaitsForItsEvaluation()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        long before = Mx.GetActiveMemory(), during = 0;
        Evaluation.Run(() =>
        {
            Make().Dispose();
            during = Mx.GetActiveMemory();
        });
        Assert.That(during - before, Is.GreaterThanOrEqualTo(Megabyte));
        ActiveMemory.FallsBelow(before, Megabyte);
    }

    private static MlxArray Make() => MlxArray.Create(new float[Length], Length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget() => _ = Make();
}
