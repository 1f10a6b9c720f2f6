using System.Diagnostics;

namespace DotMlx.Tests.Distributed;

/// <summary>Ranks that run a scenario of <see cref="RankProgram"/>.</summary>
internal sealed class Ring(int size) : RankProcesses(size)
{
    internal static Result[] Run(int size, string scenario, params string[] arguments)
    {
        using Ring ring = new(size);
        return ring.Run(scenario, arguments);
    }

    internal Result[] Run(string scenario, params string[] arguments) =>
        RunAll(typeof(Ring).Assembly.Location, ["rank", Folder, scenario, .. arguments]);

    internal Process Start(int rank, string scenario, params string[] arguments) =>
        StartRank(rank, typeof(Ring).Assembly.Location, ["rank", Folder, scenario, .. arguments]);

    /// <summary>Checks that the rank ended itself with an exception of MLX whose message contains all of the parts.</summary>
    internal static void AssertFailed(Result result, params string[] parts)
    {
        Assert.That(result.Exit, Is.EqualTo(RankProgram.Failed), result.Output + result.Errors);
        foreach (string part in parts)
        {
            Assert.That(result.Errors, Does.Contain(part));
        }
    }
}
