using System.Diagnostics;
using System.Globalization;

namespace DotMlx.Tool.Tests.Launch;

internal static class Processes
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void Signal(int id, string signal) => Run("kill", $"-{signal}", id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Waits until none of the processes runs. A process that has ended but hasn't been reaped doesn't run.</summary>
    public static void AssertGone(params IEnumerable<string> ids)
    {
        var clock = Stopwatch.StartNew();
        foreach (string id in ids)
        {
            while (IsRunning(id))
            {
                Assert.That(clock.Elapsed, Is.LessThan(Patience), $"process {id} still runs");
                Thread.Sleep(50);
            }
        }
    }

    public static bool IsRunning(string id)
    {
        string state = Run("ps", "-o", "stat=", "-p", id).Trim();
        return state.Length > 0 && !state.StartsWith('Z');
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
