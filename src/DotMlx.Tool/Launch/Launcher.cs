using System.Collections.Concurrent;
using System.Diagnostics;

namespace DotMlx.Tool.Launch;

/// <summary>
/// Runs the ranks of a program together. Their lines go to one output, one failure ends all ranks, and none of their processes is left when
/// it returns.
/// </summary>
internal sealed class Launcher(IReadOnlyList<RankStart> ranks, TextWriter output, TextWriter errors)
{
    private readonly BlockingCollection<LauncherEvent> _events = [];
    private readonly Lock _writing = new();
    private readonly Dictionary<int, int> _exitCodes = [];
    private readonly List<RankProcess> _processes = [];

    private Stopwatch? _sinceSignal;
    private bool _interrupted;
    private bool _stopping;
    private bool _killed;
    private int? _firstFailure;

    private enum EventKind
    {
        Ended,
        Interrupt,
        Stop,
    }

    /// <summary>The time that ranks have to end, after which they are killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether each line begins with its rank.</summary>
    public bool Labels { get; init; } = true;

    /// <summary>Runs all ranks until they end.</summary>
    /// <returns>The exit code of the first rank that failed; 130 after an interruption; otherwise, 0.</returns>
    /// <exception cref="ToolException">A rank can't be started; the others are ended.</exception>
    public int Run()
    {
        using var janitor = new Janitor();
        try
        {
            Start(janitor);
            while (_exitCodes.Count < _processes.Count)
            {
                if (_events.TryTake(out LauncherEvent launcherEvent, Remaining()))
                {
                    Handle(launcherEvent);
                }
                else
                {
                    Escalate();
                }
            }

            EndGroups();
            return _firstFailure ?? (_interrupted ? Signals.ExitCode(Signals.Interrupt) : ToolCommand.Success);
        }
        finally
        {
            foreach (RankProcess process in _processes)
            {
                process.Dispose();
            }
        }
    }

    /// <summary>Passes Ctrl+C on; the second one ends all ranks.</summary>
    public void Interrupt() => _events.Add(new LauncherEvent(EventKind.Interrupt));

    /// <summary>Ends all ranks.</summary>
    public void Stop() => _events.Add(new LauncherEvent(EventKind.Stop));

    private void Start(Janitor janitor)
    {
        try
        {
            for (int i = 0; i < ranks.Count; i++)
            {
                int index = i;
                string label = Labels ? ranks[i].Label ?? "" : "";
                RankProcess process = RankProcess.Run(ranks[i], janitor.Watch,
                    (line, isError) => Write(isError ? errors : output, label + line));
                _processes.Add(process);
                new Thread(() => _events.Add(new LauncherEvent(EventKind.Ended, index, process.Wait())))
                    { IsBackground = true, Name = process.Start.Name }.Start();
            }
        }
        catch
        {
            Signal(Signals.Kill);
            _processes.ForEach(process => process.Forget());
            throw;
        }
    }

    private void Handle(LauncherEvent launcherEvent)
    {
        switch (launcherEvent.EventKind)
        {
            case EventKind.Ended:
                Ended(launcherEvent.Rank, launcherEvent.ExitCode);
                break;
            case EventKind.Interrupt when !_interrupted:
                _interrupted = true;
                Signal(Signals.Interrupt);
                break;
            default:
                _interrupted |= launcherEvent.EventKind == EventKind.Interrupt;
                _firstFailure ??= launcherEvent.EventKind == EventKind.Stop ? Signals.ExitCode(Signals.Terminate) : null;
                BeginStop();
                break;
        }
    }

    private void Ended(int rank, int exitCode)
    {
        _exitCodes[rank] = exitCode;
        bool othersRun = _exitCodes.Count < _processes.Count;
        if (exitCode != 0 && _firstFailure is null)
        {
            _firstFailure = exitCode;
            Report($"{ranks[rank].Name} {Signals.Describe(exitCode)}{(othersRun && !_interrupted ? "; ending the others" : "")}");
            if (!_interrupted)
            {
                BeginStop();
            }
        }

        // After Ctrl+C, ranks may end at different times, but no rank can continue without one that has ended.
        if (_interrupted && !_stopping && _sinceSignal is null)
        {
            _sinceSignal = Stopwatch.StartNew();
        }
    }

    private TimeSpan Remaining()
    {
        if (_sinceSignal is null)
        {
            return Timeout.InfiniteTimeSpan;
        }

        TimeSpan left = Grace - _sinceSignal.Elapsed;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Escalate()
    {
        if (!_stopping)
        {
            BeginStop();
        }
        else
        {
            if (!_killed)
            {
                Report($"killing {string.Join(", ", Enumerable.Range(0, _processes.Count).Where(i => !_exitCodes.ContainsKey(i)).Select(i => ranks[i].Name))}, which did not end in {Grace.TotalSeconds:F0} s");
            }

            _killed = true;
            _sinceSignal!.Restart();
            Signal(Signals.Kill);
        }
    }

    private void BeginStop()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        _sinceSignal = Stopwatch.StartNew();
        Signal(Signals.Terminate);
    }

    private void Signal(int signal)
    {
        for (int i = 0; i < _processes.Count; i++)
        {
            // Processes that a rank left behind are in its group and also get the signal; a remote group has no processes left.
            if (!_exitCodes.ContainsKey(i) || ranks[i].Host.IsLocal)
            {
                _processes[i].Signal(signal);
            }
        }
    }

    private void EndGroups()
    {
        // Ends the remaining processes of the groups. The group leaders have ended, so once they are reaped, only other processes count.
        BeginStop();
        _processes.ForEach(process => process.Forget());
        List<RankProcess> left = [.. _processes];
        while (left.RemoveAll(process => !process.GroupIsAlive) >= 0 && left.Count > 0 && !_killed && Remaining() > TimeSpan.Zero)
        {
            Thread.Sleep(20);
        }

        left.ForEach(process => process.KillGroup());

        // Only a process that has left its group can keep the output open now.
        foreach (RankProcess process in _processes)
        {
            process.FinishOutput(TimeSpan.FromSeconds(2));
        }
    }

    private void Report(string text) => Write(errors, $"launch: {text}");

    private void Write(TextWriter writer, string line)
    {
        lock (_writing)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private readonly record struct LauncherEvent(EventKind EventKind, int Rank = -1, int ExitCode = 0);
}
