using System.Globalization;
using DotMlx.Tests.Shared;

namespace DotMlx.LanguageModels.Tests;

/// <summary>Runs the suite as a program, for machines without the SDK, and the child processes of the tests.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => arguments switch
    {
        ["run-tests"] => SuiteProgram.Run(typeof(Program).Assembly, null),
        ["run-tests", var pattern] => SuiteProgram.Run(typeof(Program).Assembly, pattern),
        ["tune", var folder, var checkpoints, var iterations] =>
            TuningChild.Run(folder, checkpoints, int.Parse(iterations, CultureInfo.InvariantCulture)),
        ["tune-rank", var folder] => DataParallelTuningTests.RunRank(folder),
        _ => throw new ArgumentException(
            "Arguments: run-tests [REGULAR EXPRESSION OF FULL NAMES], tune FOLDER CHECKPOINTS ITERATIONS, or tune-rank FOLDER"),
    };
}
