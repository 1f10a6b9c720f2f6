namespace DotMlx.Tests;

/// <summary>Counts array handles: <c>using var handles = HandleCount.NoneLeft();</c> fails a test that leaves a handle behind.</summary>
internal sealed class HandleCount : IDisposable
{
    private readonly long _before;

    private HandleCount()
    {
        Settle();
        _before = LiveArrays.Count;
    }

    /// <summary>The number of handles made since the start and not freed.</summary>
    internal long Left => LiveArrays.Count - _before;

    internal static HandleCount NoneLeft() => new();

    /// <summary>Collects the unreachable objects of earlier tests, including those that other arrays or finalizers hold.</summary>
    internal static void Settle()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            NativeFree.FreeUnreachable();
        }
    }

    public void Dispose() => Assert.That(Left, Is.Zero, "array handles made by the test and not disposed");
}
