using System.Runtime.CompilerServices;

namespace DotMlx.Tests.Lifetime;

[NonParallelizable]
public class DataLoopTests
{
    [Test]
    public void MakingArraysWithoutEvaluatingDoesNotGrow()
    {
        HandleCount.Settle();
        long before = Mx.GetActiveMemory();
        Mx.ResetPeakMemory();
        float[] data = new float[1 << 18];
        for (int i = 0; i < 500; i++)
        {
            Make(data);
        }

        Assert.That(Mx.GetPeakMemory() - before, Is.LessThan(32 << 20));
        HandleCount.Settle();
        ActiveMemory.FallsBelow(before, 1 << 20);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Make(float[] data) => _ = MlxArray.Create(data);
    }

    [Test]
    public void AScopeFreesWhatItsLoopMadeWithoutACollection()
    {
        using HandleCount handles = HandleCount.NoneLeft();
        float[] data = new float[1 << 10];
        for (int i = 0; i < 200; i++)
        {
            using (MlxScope.Begin())
            {
                var x = MlxArray.Create(data);
                for (int j = 0; j < 4; j++)
                {
                    x += 1;
                    x.Eval();
                }
            }

            Assert.That(handles.Left, Is.Zero, $"after round {i}");
        }
    }
}
