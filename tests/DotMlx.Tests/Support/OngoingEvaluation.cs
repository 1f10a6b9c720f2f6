namespace DotMlx.Tests;

/// <summary>An evaluation on another thread that continues until this object is disposed.</summary>
internal sealed class OngoingEvaluation : IDisposable
{
    private readonly ManualResetEventSlim _end = new();
    private readonly Task _evaluation;

    private OngoingEvaluation()
    {
        using var begun = new ManualResetEventSlim();
        _evaluation = Task.Run(() => Evaluation.Run(() =>
        {
            begun.Set();
            _end.Wait();
        }));
        begun.Wait();
    }

    internal bool HasEnded => _evaluation.IsCompleted;

    internal static OngoingEvaluation Begin() => new();

    public void Dispose()
    {
        _end.Set();
        _evaluation.Wait();
        _end.Dispose();
    }
}
