using System.Reflection;
using System.Security;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DotMlx.Tests.Shared;

/// <summary>
/// Runs the tests of an assembly without a test host, because a suite that is published for another processor is a program.
/// </summary>
internal sealed class SuiteProgram : ITestListener
{
    private readonly Lock _gate = new();

    /// <summary>Writes a line for each test, and a summary like that of the build.</summary>
    /// <param name="assembly">The suite.</param>
    /// <param name="pattern">A regular expression that the full names of the tests must match; null for all tests.</param>
    /// <returns>The exit code: 0 if nothing failed.</returns>
    internal static int Run(Assembly assembly, string? pattern)
    {
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(assembly, new Dictionary<string, object>());
        TestFilter filter = pattern is null
            ? TestFilter.Empty
            : TestFilter.FromXml($"<filter><test re=\"1\">{SecurityElement.Escape(pattern)}</test></filter>");
        ITestResult result = runner.Run(new SuiteProgram(), filter);
        Console.WriteLine($"{result.PassCount} passed, {result.FailCount} failed, {result.SkipCount + result.InconclusiveCount} skipped");
        return result.FailCount == 0 ? 0 : 1;
    }

    // The start is also written, so that the last line names the test in which a process died.
    public void TestStarted(ITest test) => Write(test, "started");

    public void TestFinished(ITestResult result)
    {
        Write(result.Test, $"{result.ResultState.Status.ToString().ToLowerInvariant()} in {result.Duration:0.0} s");
        if (result.ResultState.Status == TestStatus.Failed && (!result.HasChildren || result.ResultState.Site != FailureSite.Child))
        {
            Console.WriteLine($"{result.Message}\n{result.StackTrace}");
        }
    }

    public void TestOutput(TestOutput output) => Console.Write(output.Text);

    public void SendMessage(TestMessage message) => Console.WriteLine(message.Message);

    private void Write(ITest test, string what)
    {
        if (test.IsSuite)
        {
            return;
        }

        lock (_gate)
        {
            Console.WriteLine($"{what}: {test.FullName}");
        }
    }
}
