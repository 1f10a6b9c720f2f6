namespace DotMlx.Tests.IO;

/// <summary>Records the reports of a transfer.</summary>
/// <param name="then">An action for each report.</param>
internal sealed class Progress(Action? then = null) : IProgress<FileProgress>
{
    private readonly List<FileProgress> _reports = [];

    internal FileProgress Last => _reports[^1];

    internal static async Task AssertCanceled(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Assert.Fail("The task was not canceled.");
    }

    public void Report(FileProgress value)
    {
        _reports.Add(value);
        then?.Invoke();
    }

    /// <param name="total">The bytes of all arrays.</param>
    internal void AssertComplete(long total)
    {
        Assert.That(_reports, Is.Not.Empty);
        Assert.That(_reports.Select(report => report.Done), Is.Ordered);
        Assert.That(_reports.Select(report => report.Total), Has.All.EqualTo(total));
        Assert.That(Last.Done, Is.EqualTo(total));
    }
}
