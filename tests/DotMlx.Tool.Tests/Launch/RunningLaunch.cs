using System.Diagnostics;
using DotMlx.Tool.Tests.Support;

namespace DotMlx.Tool.Tests.Launch;

/// <summary>The launcher as a process of its own, whose lines can be waited for and which can be sent signals.</summary>
internal sealed class RunningLaunch : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process process;
    private readonly List<string> lines = [];
    private readonly Task output;
    private readonly Task<string> errors;

    public RunningLaunch(string[] arguments, params (string Name, string Value)[] environment)
    {
        process = CommandLine.Start(null, ["launch", .. arguments], environment);
        errors = process.StandardError.ReadToEndAsync();
        output = Task.Run(() =>
        {
            while (process.StandardOutput.ReadLine() is { } line)
            {
                lock (lines)
                {
                    lines.Add(line);
                    Monitor.PulseAll(lines);
                }
            }
        });
    }

    /// <summary>Waits until so many lines hold a word; what stands behind it in each, in the order in which they came.</summary>
    public string[] WaitFor(string word, int count)
    {
        var clock = Stopwatch.StartNew();
        lock (lines)
        {
            while (true)
            {
                string[] found = [.. lines.Where(line => line.Contains(word, StringComparison.Ordinal)).Select(line => line[(line.IndexOf(word, StringComparison.Ordinal) + word.Length)..].Trim())];
                if (found.Length >= count)
                {
                    return found;
                }

                if (clock.Elapsed > Patience || (process.HasExited && output.IsCompleted))
                {
                    Assert.Fail($"only {found.Length} of {count} lines with '{word}' came: {string.Join('\n', lines)}");
                }

                Monitor.Wait(lines, TimeSpan.FromMilliseconds(100));
            }
        }
    }

    public void Signal(string signal) => Processes.Signal(process.Id, signal);

    public Result Finish()
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("the launcher did not end.");
        }

        output.GetAwaiter().GetResult();
        return new Result(process.ExitCode, string.Join('\n', lines), errors.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }
}
