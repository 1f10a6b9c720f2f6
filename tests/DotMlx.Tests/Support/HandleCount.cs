namespace DotMlx.Tests;

/// <summary>Counts array handles: <c>using var handles = HandleCount.NoneLeft();</c> fails the test that leaves one behind.</summary>
internal sealed class HandleCount : IDisposable
{
    private readonly long _before;

    private HandleCount()
    {
        Settle();
        _before = LiveArrays.Count;
    }

    /// <summary>Handles made and not freed since the start.</summary>
    internal long Left => LiveArrays.Count - _before;

    internal static HandleCount NoneLeft() => new();

    /// <summary>Lets the collector find what earlier tests forgot, also behind the finalizers of other objects.</summary>
    internal static void Settle()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    public void Dispose() => Assert.That(Left, Is.Zero, "array handles made by the test and not disposed");
}
