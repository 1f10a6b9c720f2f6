using DotMlx.Tests.Shared;

namespace DotMlx.Bindings.Tests;

/// <summary>The tests start this program, because a process loads a library only once, so each test needs its own process.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => arguments switch
    {
        ["run-tests"] => SuiteProgram.Run(typeof(Program).Assembly, null),
        ["run-tests", var pattern] => SuiteProgram.Run(typeof(Program).Assembly, pattern),
        _ => Probe.Run(arguments),
    };
}
