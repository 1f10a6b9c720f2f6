namespace DotMlx.Tool.Tests;

/// <summary>A distributed program for the launcher: every rank contributes its number plus one, and all must get the same sum.</summary>
internal static class Program
{
    /// <summary>The exit code of a rank that fails on purpose.</summary>
    internal const int Failure = 5;

    /// <param name="arguments">
    /// The backend, "ring" by default; and <c>fail</c>, which makes the last rank leave while the others wait.
    /// </param>
    private static int Main(string[] arguments)
    {
        using DistributedGroup group = Mx.Distributed.Init(strict: true, backend: arguments.FirstOrDefault("ring"));
        if (arguments.Contains("fail") && group.Rank == group.Size - 1)
        {
            return Failure;
        }

        MlxArray sum = Mx.Distributed.AllSum(MlxArray.Create<float>([group.Rank + 1f], 1), group);
        Console.WriteLine($"rank {group.Rank} of {group.Size}: sum {sum.ToArray<float>()[0]}");
        return 0;
    }
}
