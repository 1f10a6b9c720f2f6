using DotMlx.Tests.Shared;

namespace DotMlx.Bindings.Tests;

/// <summary>Started by the tests: a library is loaded once in a process, so each one wants a process of its own.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => arguments switch
    {
        ["run-tests"] => SuiteProgram.Run(typeof(Program).Assembly, null),
        ["run-tests", var pattern] => SuiteProgram.Run(typeof(Program).Assembly, pattern),
        _ => Probe.Run(arguments),
    };
}
