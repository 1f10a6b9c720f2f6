using DotMlx.Tests.Distributed;
using DotMlx.Tests.Optimizers;
using DotMlx.Tests.Shared;

namespace DotMlx.Tests;

/// <summary>The child processes of the tests: <c>dotnet DotMlx.Tests.dll COMMAND ARGUMENTS</c>.</summary>
internal static class Program
{
    internal static int Main(string[] arguments) => arguments switch
    {
        ["continue-training", var optimizer, var weights, var state] => CheckpointTests.ContinueTraining(optimizer, weights, state),
        ["save-for-ever", var state] => CheckpointTests.SaveForEver(state),
        ["import", var path] => Transforms.ExportTests.ImportFirst(path),
        ["pretended-gpu", var what, .. var file] => Devices.PretendedGpuTests.Pretend(what, file.FirstOrDefault("")),
        ["forget-arrays"] => Lifetime.CountPressureTests.ForgetArrays(),
        ["end", var work, var end, var folder, var isBound] => Threads.EndingProgram.Run(work, end, folder, bool.Parse(isBound)),
        ["rank", var folder, var scenario, .. var rest] => RankProgram.Start(folder, scenario, rest),
        ["run-tests"] => SuiteProgram.Run(typeof(Program).Assembly, null),
        ["run-tests", var pattern] => SuiteProgram.Run(typeof(Program).Assembly, pattern),
        _ => 2,
    };
}
