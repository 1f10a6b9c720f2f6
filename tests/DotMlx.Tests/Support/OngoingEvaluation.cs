namespace DotMlx.Tests;

/// <summary>An evaluation on another thread, which goes on until this is disposed.</summary>
internal sealed class OngoingEvaluation : IDisposable
{
    private readonly ManualResetEventSlim end = new();
    private readonly Task evaluation;

    private OngoingEvaluation()
    {
        using var begun = new ManualResetEventSlim();
        evaluation = Task.Run(() => Evaluation.Run(() =>
        {
            begun.Set();
            end.Wait();
        }));
        begun.Wait();
    }

    internal bool HasEnded => evaluation.IsCompleted;

    internal static OngoingEvaluation Begin() => new();

    public void Dispose()
    {
        end.Set();
        evaluation.Wait();
        end.Dispose();
    }
}
