namespace DotMlx.Tests;

/// <summary>
/// What MLX's arrays hold. On a GPU a buffer is freed by a completion handler, which may run after the event that an evaluation waits for.
/// </summary>
internal static class ActiveMemory
{
    /// <summary>For tests that fail: what is freed late comes within milliseconds.</summary>
    private const int Patience = 60_000;

    /// <summary>The figure falls below a number of bytes above an earlier one, at once or soon.</summary>
    internal static void FallsBelow(long before, long bytes, string? message = null)
    {
        if (Mx.GetActiveMemory() - before >= bytes)
        {
            Assert.That(() => Mx.GetActiveMemory() - before, Is.LessThan(bytes).After(Patience, 5), message);
        }
    }
}
