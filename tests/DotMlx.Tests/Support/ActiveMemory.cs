namespace DotMlx.Tests;

/// <summary>
/// The memory of MLX's arrays. On a GPU, a completion handler frees buffers, possibly after the event that an evaluation waits for.
/// </summary>
internal static class ActiveMemory
{
    /// <summary>A limit for failing tests; late frees take only milliseconds.</summary>
    private const int Patience = 60_000;

    /// <summary>Waits until the memory falls below a number of bytes above an earlier value.</summary>
    internal static void FallsBelow(long before, long bytes, string? message = null)
    {
        if (Mx.GetActiveMemory() - before >= bytes)
        {
            Assert.That(() => Mx.GetActiveMemory() - before, Is.LessThan(bytes).After(Patience, 5), message);
        }
    }
}
