using System.Diagnostics;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Launch;

/// <summary>The launcher in its own process. A test can wait for its lines and send it signals.</summary>
internal sealed class RunningLaunch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly Task _output;
    private readonly Task<string> _errors;

    public RunningLaunch(string[] arguments, params (string Name, string Value)[] environment)
    {
        _process = CommandLine.Start(null, ["launch", .. arguments], environment);
        _errors = _process.StandardError.ReadToEndAsync();
        _output = Task.Run(() =>
        {
            while (_process.StandardOutput.ReadLine() is { } line)
            {
                lock (_lines)
                {
                    _lines.Add(line);
                    Monitor.PulseAll(_lines);
                }
            }
        });
    }

    /// <summary>
    /// Waits for a number of lines that contain a word, and returns the text after the word in each, in order of arrival.
    /// </summary>
    public string[] WaitFor(string word, int count)
    {
        var clock = Stopwatch.StartNew();
        lock (_lines)
        {
            while (true)
            {
                string[] found = [.. _lines.Where(line => line.Contains(word, StringComparison.Ordinal))
                    .Select(line => line[(line.IndexOf(word, StringComparison.Ordinal) + word.Length)..].Trim())];
                if (found.Length >= count)
                {
                    return found;
                }

                if (clock.Elapsed > Patience || (_process.HasExited && _output.IsCompleted))
                {
                    Assert.Fail($"only {found.Length} of {count} lines with '{word}' came: {string.Join('\n', _lines)}");
                }

                Monitor.Wait(_lines, TimeSpan.FromMilliseconds(100));
            }
        }
    }

    public void Signal(string signal) => Processes.Signal(_process.Id, signal);

    public Result Finish()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail("the launcher did not end.");
        }

        _output.GetAwaiter().GetResult();
        return new Result(_process.ExitCode, string.Join('\n', _lines), _errors.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
